; Programs that know malloc's alignment have tags in the lowest four bits of addresses: objects are aligned to 16 where these bits,
; or what is left without them, are asked for; not where three bits are, or more than four are.
; RUN: %vmemopt analyze --heaps --whole-program %s | FileCheck %s
; CHECK: bump: objects of 24 bytes, aligned to 16
; CHECK: bump: objects of 40 bytes, aligned to 16
; CHECK: bump: objects of 48 bytes, aligned to 8
; CHECK: bump: objects of 56 bytes, aligned to 8
; CHECK: bump: objects of 72 bytes, aligned to 16
target triple = "x86_64-pc-linux-gnu"

@words = internal global [4 x i64] zeroinitializer
@heads = internal global [1024 x ptr] zeroinitializer
@one = internal global ptr null
@two = internal global ptr null
@three = internal global ptr null
@four = internal global ptr null
declare ptr @malloc(i64)

define internal void @put(i64 %i) noinline {
  %p = call ptr @malloc(i64 24)
  store i64 %i, ptr %p
  %n = ptrtoint ptr %p to i64
  %t = or i64 %n, 3
  %at = getelementptr [4 x i64], ptr @words, i64 0, i64 %i
  store i64 %t, ptr %at
  ret void
}

define internal i64 @get(i64 %i) noinline {
  %at = getelementptr [4 x i64], ptr @words, i64 0, i64 %i
  %t = load i64, ptr %at
  %n = and i64 %t, -16
  %p = inttoptr i64 %n to ptr
  %x = load i64, ptr %p
  ret i64 %x
}

define internal i1 @is_tagged(ptr %p) noinline {
  %n = ptrtoint ptr %p to i64
  %narrow = trunc i64 %n to i32
  %t = and i32 %narrow, 15
  %is = icmp eq i32 %t, 0
  ret i1 %is
}

define internal i1 @is_tagged_below(ptr %p) noinline {
  %n = ptrtoint ptr %p to i64
  %t = and i64 %n, 7
  %is = icmp eq i64 %t, 0
  ret i1 %is
}

define internal i1 @is_in_bucket(ptr %p) noinline {
  %n = ptrtoint ptr %p to i64
  %s = lshr i64 %n, 3
  %t = and i64 %s, 1023
  %at = getelementptr [1024 x ptr], ptr @heads, i64 0, i64 %t
  %first = load ptr, ptr %at
  %is = icmp eq ptr %first, null
  ret i1 %is
}

define internal i1 @is_in_other_bucket(ptr %p) noinline {
  %n = ptrtoint ptr %p to i64
  %s = lshr i64 %n, 4
  %t = urem i64 %s, 1021
  %at = getelementptr [1024 x ptr], ptr @heads, i64 0, i64 %t
  %first = load ptr, ptr %at
  %is = icmp eq ptr %first, null
  ret i1 %is
}

define i32 @main() {
  call void @put(i64 0)
  call void @put(i64 3)
  %a = call i64 @get(i64 3)
  %p = call ptr @malloc(i64 40)
  store i64 1, ptr %p
  store ptr %p, ptr @one
  %q = call ptr @malloc(i64 48)
  store i64 1, ptr %q
  store ptr %q, ptr @two
  %r = call ptr @malloc(i64 56)
  store i64 1, ptr %r
  store ptr %r, ptr @three
  %s = call ptr @malloc(i64 72)
  store i64 1, ptr %s
  store ptr %s, ptr @four
  %b = call i1 @is_tagged(ptr %p)
  %c = call i1 @is_tagged_below(ptr %q)
  %d = call i1 @is_in_bucket(ptr %r)
  %e = call i1 @is_in_other_bucket(ptr %s)
  %f = add i1 %b, %c
  %g = add i1 %d, %e
  %h = add i1 %f, %g
  %x = zext i1 %h to i32
  %y = trunc i64 %a to i32
  %z = add i32 %x, %y
  ret i32 %z
}
