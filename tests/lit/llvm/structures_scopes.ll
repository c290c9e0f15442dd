; Functions that enclose the lifetimes of objects.
; RUN: %structures %s | FileCheck %s --implicit-check-not="scope of hands_in" --implicit-check-not="scope of starts"
; CHECK: node {{[0-9]+}}: structure {{[0-9]+}}, 112 bytes, global, freed
; CHECK: node {{[0-9]+}}: structure {{[0-9]+}}, 120 bytes, global, freed
target triple = "x86_64-pc-linux-gnu"

declare ptr @malloc(i64)
declare void @free(ptr)
declare void @unseen()

@kept = internal global ptr null
@callback = global ptr @entered

define internal ptr @wrapper(i64 %n) {
  %p = call ptr @malloc(i64 %n)
  ret ptr %p
}

; All that `build` makes for `local` is local to it, however many calls lie between.
define internal ptr @build(i64 %n) {
  %cell = call ptr @malloc(i64 24)
  %stop = icmp eq i64 %n, 0
  br i1 %stop, label %out, label %more
more:
  %less = sub i64 %n, 1
  %rest = call ptr @build(i64 %less)
  store ptr %rest, ptr %cell
  br label %out
out:
  ret ptr %cell
}
; CHECK-DAG: scope of local: structure {{[0-9]+}}, nodes {{[0-9]+}}, whole
define internal i64 @local(i64 %n) {
  %list = call ptr @build(i64 %n)
  %at = getelementptr i8, ptr %list, i64 8
  %number = load i64, ptr %at
  ret i64 %number
}

; One of the wrapper's objects is local to `mixed`, another is stored where it stays: not all that the site makes here.
; CHECK-DAG: scope of mixed: structure {{[0-9]+}}, nodes {{[0-9]+}}{{$}}
define internal void @mixed() {
  %mine = call ptr @wrapper(i64 8)
  store i64 1, ptr %mine
  call void @store_one()
  ret void
}
define internal void @store_one() {
  %yours = call ptr @wrapper(i64 16)
  store ptr %yours, ptr @kept
  ret void
}

; The same wrapper's objects are all local here, though others are not.
; CHECK-DAG: scope of apart: structure {{[0-9]+}}, nodes {{[0-9]+}}, whole
define internal i64 @apart() {
  %mine = call ptr @wrapper(i64 32)
  %number = load i64, ptr %mine
  ret i64 %number
}

; What is stored in the caller's object, or returned, is not local; to the caller it is.
; CHECK-DAG: scope of hands_out: structure [[H:[0-9]+]], nodes {{[0-9]+ [0-9]+ [0-9]+}}, whole
define internal ptr @hands_in(ptr %into) {
  %stored = call ptr @malloc(i64 40)
  %returned = call ptr @malloc(i64 48)
  store ptr %stored, ptr %into
  ret ptr %returned
}
define internal void @hands_out() {
  %object = call ptr @malloc(i64 8)
  %r = call ptr @hands_in(ptr %object)
  store ptr %object, ptr %r
  ret void
}

; One of the site's objects is local, another one is returned.
; CHECK-DAG: scope of keeps_one: structure {{[0-9]+}}, nodes {{[0-9]+}}{{$}}
define internal ptr @keeps_one() {
  %mine = call ptr @wrapper(i64 24)
  store i64 1, ptr %mine
  %yours = call ptr @wrapper(i64 80)
  ret ptr %yours
}

; An object that goes round in a recursion is in the hands of the callers; one that does not is local to each activation.
; CHECK-DAG: scope of recursive: structure {{[0-9]+}}, nodes [[ONE:[0-9]+]], freed, whole
define internal void @recursive(ptr %from, i64 %n) {
  %own = call ptr @malloc(i64 56)
  %handed = call ptr @malloc(i64 64)
  %stop = icmp eq i64 %n, 0
  br i1 %stop, label %out, label %more
more:
  %less = sub i64 %n, 1
  call void @recursive(ptr %handed, i64 %less)
  br label %out
out:
  call void @free(ptr %own)
  ret void
}

; Code that is not seen may call `entered`, which stores what the same site makes.
; CHECK-DAG: scope of calls_unseen: structure {{[0-9]+}}, nodes {{[0-9]+}}{{$}}
define void @entered() {
  %yours = call ptr @wrapper2(i64 16)
  store ptr %yours, ptr @kept
  ret void
}
define internal ptr @wrapper2(i64 %n) {
  %p = call ptr @malloc(i64 %n)
  ret ptr %p
}
declare void @takes(ptr)
define internal void @calls_unseen() {
  %mine = call ptr @wrapper2(i64 72)
  store i64 1, ptr %mine
  call void @unseen()
  ret void
}

; A thread may outlive the function that starts it: what it gets is not local, what it makes for itself is.
; CHECK-DAG: scope of thread: structure {{[0-9]+}}, nodes {{[0-9]+}}, whole
declare i32 @pthread_create(ptr, ptr, ptr, ptr)
declare i32 @pthread_join(i64, ptr)
define internal ptr @thread(ptr %what) {
  %number = load i64, ptr %what
  %own = call ptr @malloc(i64 104)
  store i64 %number, ptr %own
  call void @free(ptr %what)
  %result = call ptr @malloc(i64 112)
  ret ptr %result
}
define internal void @starts_thread(ptr %id) {
  %what = call ptr @malloc(i64 120)
  %failed = call i32 @pthread_create(ptr %id, ptr null, ptr @thread, ptr %what)
  ret void
}
define internal void @joins_thread(i64 %id) {
  %slot = alloca ptr
  %failed = call i32 @pthread_join(i64 %id, ptr %slot)
  %result = load ptr, ptr %slot
  call void @free(ptr %result)
  ret void
}

define i32 @main(i32 %count, ptr %arguments) {
  %n = zext i32 %count to i64
  call void @takes(ptr @entered)
  %a = call i64 @local(i64 %n)
  call void @mixed()
  %b = call i64 @apart()
  call void @hands_out()
  %c = call ptr @keeps_one()
  store ptr %c, ptr @kept
  call void @recursive(ptr null, i64 %n)
  call void @calls_unseen()
  %id = alloca i64
  call void @starts_thread(ptr %id)
  %there = load i64, ptr %id
  call void @joins_thread(i64 %there)
  ret i32 0
}
