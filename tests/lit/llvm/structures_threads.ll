; What a thread gets and returns is the same for all that start and join threads.
; RUN: %structures %s | FileCheck %s
target triple = "x86_64-pc-linux-gnu"

declare ptr @malloc(i64)
declare void @free(ptr)
declare i32 @pthread_create(ptr, ptr, ptr, ptr)
declare i32 @pthread_join(i64, ptr)

; A thread may return what it got, or what that leads to: the join of one started by any call gets it, and frees it.
; CHECK: node [[RETURNED:[0-9]+]]: structure {{[0-9]+}}, any size, global, freed
; CHECK-NEXT: made in main by malloc, main by malloc, main by malloc
; CHECK: node [[HOLDER:[0-9]+]]: structure {{[0-9]+}}, 32 bytes, global{{$}}
; CHECK-NEXT: made in main by malloc
define internal ptr @give_back(ptr %x) {
  store i32 1, ptr %x
  ret ptr %x
}
define internal ptr @give_inside(ptr %x) {
  %inside = load ptr, ptr %x
  ret ptr %inside
}

; CHECK: free in main: nodes [[RETURNED]]{{$}}
define i32 @main() {
  %thread = alloca i64
  %result = alloca ptr
  %one = call ptr @malloc(i64 16)
  %a = call i32 @pthread_create(ptr %thread, ptr null, ptr @give_back, ptr %one)
  %other = call ptr @malloc(i64 16)
  %b = call i32 @pthread_create(ptr %thread, ptr null, ptr @give_back, ptr %other)
  %inside = call ptr @malloc(i64 24)
  %holder = call ptr @malloc(i64 32)
  store ptr %inside, ptr %holder
  %c = call i32 @pthread_create(ptr %thread, ptr null, ptr @give_inside, ptr %holder)
  %id = load i64, ptr %thread
  %d = call i32 @pthread_join(i64 %id, ptr %result)
  %got = load ptr, ptr %result
  call void @free(ptr %got)
  ret i32 0
}
