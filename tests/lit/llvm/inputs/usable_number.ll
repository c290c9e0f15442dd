; malloc_usable_size is asked of an address that was in two halves.
target triple = "x86_64-pc-linux-gnu"
declare ptr @malloc(i64)
declare void @free(ptr)
declare i64 @malloc_usable_size(ptr)
@half = internal global i32 0
@rest = internal global i32 0
@kept = internal global ptr null

define i32 @main() {
  %p = call ptr @malloc(i64 16)
  store ptr %p, ptr @kept
  %a = ptrtoint ptr %p to i64
  %low = trunc i64 %a to i32
  %up = lshr i64 %a, 32
  %high = trunc i64 %up to i32
  store i32 %low, ptr @half
  store i32 %high, ptr @rest
  %l = load volatile i32, ptr @half
  %h = load volatile i32, ptr @rest
  %x = zext i32 %h to i64
  %y = shl i64 %x, 32
  %z = zext i32 %l to i64
  %n = or i64 %y, %z
  %q = inttoptr i64 %n to ptr
  %s = call i64 @malloc_usable_size(ptr %q)
  %t = trunc i64 %s to i32
  ret i32 %t
}
