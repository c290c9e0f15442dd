; A free moves up to just after the last use when something in between may take memory, and no path is left without it.
; RUN: %vmemopt opt %s --max-stack=16 -o %t.ll --json=%t.json --text | FileCheck %s --check-prefix=TEXT
; RUN: FileCheck %s < %t.ll
; RUN: %validate %t.json | FileCheck %s --check-prefix=JSON
; RUN: %vmemopt analyze %s --max-stack=16 --remarks=%t.yaml > /dev/null && FileCheck %s --check-prefix=YAML < %t.yaml
target triple = "x86_64-pc-linux-gnu"

%info = type { i64, i64, i64, i64, i64, i64, i64, i64, i64, i64 }
declare ptr @malloc(i64)
declare ptr @realloc(ptr, i64)
declare void @free(ptr)
declare void @_ZdlPvm(ptr, i64)
declare ptr @_Znwm(i64)
declare i64 @strlen(ptr)
declare i32 @puts(ptr)
declare void @exit(i32) noreturn
declare void @keep(ptr)
declare void @unknown()
declare void @mallinfo2(ptr)
declare i32 @_setjmp(ptr) returns_twice

define internal void @work() noinline {
  %q = call ptr @malloc(i64 2000)
  store i8 1, ptr %q
  %length = call i64 @strlen(ptr %q)
  call void @free(ptr %q)
  ret void
}

define internal void @read(ptr %p) noinline {
  %x = load i64, ptr %p
  ret void
}

; The callee's objects are counted, before and after.
; TEXT: straight, heap 3000 -> 2000 bytes
; TEXT-NEXT: malloc, 1000 bytes: freed after its last use; kept: it is too large for the stack
; JSON: "name": "straight"
; JSON: "heap_before": 3000,
; JSON-NEXT: "heap_after": 2000,
; JSON: "verdict":"freed-early","refusal":"too-large","refused_by":null,{{.*}}"early_free":"moved"
; YAML: --- !Passed
; YAML-NEXT: Pass: vmemopt
; YAML-NEXT: Name: EarlyFree
; YAML: - String: 'malloc, 1000 bytes: freed after its last use; kept: it is too large for the stack'
; CHECK-LABEL: define i64 @straight(
; CHECK: %x = load i64, ptr %p
; CHECK-NEXT: call void @free(ptr %p)
; CHECK-NEXT: call void @work()
; CHECK-NEXT: ret i64 %x
define i64 @straight() {
  %p = call ptr @malloc(i64 1000)
  store i64 5, ptr %p
  %x = load i64, ptr %p
  call void @work()
  call void @free(ptr %p)
  ret i64 %x
}

; A use by a callee, and through memory of the frame.
; CHECK-LABEL: define void @through_memory(
; CHECK: call void @work()
; CHECK-NEXT: %q = load ptr, ptr %cell
; CHECK-NEXT: call void @read(ptr %q)
; CHECK-NEXT: call void @free(ptr %p)
; CHECK-NEXT: call void @work()
; CHECK-NEXT: ret void
define void @through_memory() {
  %cell = alloca ptr
  %p = call ptr @malloc(i64 1000)
  store ptr %p, ptr %cell
  call void @work()
  %q = load ptr, ptr %cell
  call void @read(ptr %q)
  call void @work()
  call void @free(ptr %p)
  ret void
}

; A callee may reach it: no free before.
; CHECK-LABEL: define void @reached(
; CHECK: call void @read(ptr %box)
; CHECK-NEXT: call void @free(ptr %box)
; CHECK-NEXT: call void @free(ptr %p)
; CHECK-NEXT: call void @work()
define void @reached() {
  %box = call ptr @malloc(i64 1000)
  %p = call ptr @malloc(i64 1000)
  store ptr %p, ptr %box
  call void @work()
  call void @read(ptr %box)
  call void @work()
  call void @free(ptr %box)
  call void @free(ptr %p)
  ret void
}

; `if (p) free(p)`, and a path that ends the program: neither asks for the object.
; CHECK-LABEL: define void @checked(
; CHECK: store i64 7, ptr %p
; CHECK-NEXT: call void @free(ptr %p)
; CHECK-NEXT: br i1 %fail, label %end, label %go
; CHECK: end:
; CHECK-NEXT: call void @exit
; CHECK: go:
; CHECK-NEXT: call void @work()
; CHECK-NOT: free
; CHECK: ret void
define void @checked(i1 %fail) {
  %p = call ptr @malloc(i64 1000)
  store i64 7, ptr %p
  br i1 %fail, label %end, label %go
end:
  call void @exit(i32 1)
  unreachable
go:
  call void @work()
  %none = icmp eq ptr %p, null
  br i1 %none, label %done, label %drop
drop:
  call void @free(ptr nonnull %p)
  br label %done
done:
  ret void
}

; Frees on several paths become one; C++'s delete knows the size.
; CHECK-LABEL: define void @several(
; CHECK: store i64 7, ptr %p
; CHECK-NEXT: call void @_ZdlPvm(ptr %p, i64 1000)
; CHECK-NEXT: br i1 %c
; CHECK-NOT: ZdlPvm
; CHECK: ret void
define void @several(i1 %c) {
  %p = call ptr @_Znwm(i64 1000)
  store i64 7, ptr %p
  br i1 %c, label %a, label %b
a:
  call void @work()
  call void @_ZdlPvm(ptr %p, i64 1000)
  ret void
b:
  call void @work()
  call void @work()
  call void @_ZdlPvm(ptr %p, i64 1000)
  ret void
}

; Used on one of two paths: each gets a free of its own. Loops without a use are passed, loops with one are not entered.
; CHECK-LABEL: define void @loops(
; CHECK: used:
; CHECK: br i1 %more, label %used, label %before
; CHECK: before:
; CHECK-NEXT: call void @free(ptr %p)
; CHECK-NEXT: br label %loop
; CHECK: loop:
; CHECK: call void @work()
; CHECK: out:
; CHECK-NEXT: ret void
define void @loops(i64 %n) {
  %p = call ptr @malloc(i64 1000)
  br label %used
used:
  %i = phi i64 [ 0, %0 ], [ %i1, %used ]
  store i64 %i, ptr %p
  %i1 = add i64 %i, 1
  %more = icmp slt i64 %i1, %n
  br i1 %more, label %used, label %before
before:
  br label %loop
loop:
  %k = phi i64 [ 0, %before ], [ %k1, %loop ]
  call void @work()
  %k1 = add i64 %k, 1
  %again = icmp slt i64 %k1, %n
  br i1 %again, label %loop, label %out
out:
  call void @free(ptr %p)
  ret void
}

; CHECK-LABEL: define void @branch(
; CHECK: br i1 %c, label %a, label %b
; CHECK: a:
; CHECK-NEXT: store i64 1, ptr %p
; CHECK-NEXT: call void @free(ptr %p)
; CHECK-NEXT: br label %join
; CHECK: b:
; CHECK-NEXT: call void @free(ptr %p)
; CHECK-NEXT: br label %join
; CHECK: join:
; CHECK-NEXT: call void @work()
; CHECK-NEXT: ret void
define void @branch(i1 %c) {
  %p = call ptr @malloc(i64 1000)
  br i1 %c, label %a, label %b
a:
  store i64 1, ptr %p
  br label %join
b:
  br label %join
join:
  call void @work()
  call void @free(ptr %p)
  ret void
}

; In a loop, what is made there is freed there, once in each round.
; CHECK-LABEL: define void @each_round(
; CHECK: loop:
; CHECK: store i64 %i, ptr %p
; CHECK-NEXT: call void @free(ptr %p)
; CHECK-NEXT: call void @work()
; CHECK-NOT: free
; CHECK: ret void
define void @each_round(i64 %n) {
  br label %loop
loop:
  %i = phi i64 [ 0, %0 ], [ %i1, %loop ]
  %p = call ptr @malloc(i64 1000)
  store i64 %i, ptr %p
  call void @work()
  call void @free(ptr %p)
  %i1 = add i64 %i, 1
  %again = icmp slt i64 %i1, %n
  br i1 %again, label %loop, label %out
out:
  ret void
}

; ---- refusals ----

; Some path does not free: the object may be the caller's from there on.
; TEXT: leaks{{$}}
; TEXT-NEXT: kept: {{.*}}; its free stays: some path from the last use does not free it
; CHECK-LABEL: define ptr @leaks(
; CHECK: go:
; CHECK-NEXT: call void @free(ptr %p)
; CHECK: other:
; CHECK-NEXT: call void @work()
; CHECK-NEXT: ret ptr %p
define ptr @leaks(i1 %c) {
  %p = call ptr @malloc(i64 1000)
  store i64 1, ptr %p
  br i1 %c, label %go, label %other
go:
  call void @free(ptr %p)
  ret ptr null
other:
  call void @work()
  ret ptr %p
}

; Nothing that takes memory is between the last use and the free.
; JSON: "name": "not_late"
; JSON: "early_free":"not-late"
; CHECK-LABEL: define i64 @not_late(
; CHECK: call i64 @strlen(ptr %text)
; CHECK-NEXT: call void @free(ptr %p)
define i64 @not_late(ptr %text) {
  %p = call ptr @malloc(i64 1000)
  store i64 1, ptr %p
  %length = call i64 @strlen(ptr %text)
  call void @free(ptr %p)
  ret i64 %length
}

; Others may know it.
; JSON: "name": "known"
; JSON: "early_free":"known"
; CHECK-LABEL: define void @known(
; CHECK: call void @work()
; CHECK-NEXT: call void @free(ptr %p)
define void @known() {
  %p = call ptr @malloc(i64 1000)
  call void @keep(ptr %p)
  call void @work()
  call void @free(ptr %p)
  ret void
}

; It is in memory of the caller, to which a callee may jump.
; JSON: "name": "in_argument"
; JSON: "early_free":"known"
; CHECK-LABEL: define void @in_argument(
; CHECK: call void @work()
; CHECK-NEXT: call void @free(ptr %p)
define void @in_argument(ptr %out) {
  %p = call ptr @malloc(i64 1000)
  store ptr %p, ptr %out
  call void @work()
  call void @free(ptr %p)
  store ptr null, ptr %out
  ret void
}

; The address is compared: that of a new object must differ from it.
; CHECK-LABEL: define i1 @compared(
; CHECK: icmp eq ptr %p, %q
; CHECK-NEXT: call void @free(ptr %q)
; CHECK-NEXT: call void @free(ptr %p)
; CHECK-NEXT: call void @work()
define i1 @compared() {
  %p = call ptr @malloc(i64 1000)
  %q = call ptr @malloc(i64 1000)
  call void @work()
  %same = icmp eq ptr %p, %q
  call void @work()
  call void @free(ptr %q)
  call void @free(ptr %p)
  ret i1 %same
}

; It is compared after the free, where that still tells of two objects that were there together.
; CHECK-LABEL: define i1 @compared_later(
; CHECK: %q = call ptr @malloc(i64 1000)
; CHECK-NEXT: call void @free(ptr %p)
; CHECK-NEXT: %same = icmp eq ptr %p, %q
define i1 @compared_later() {
  %p = call ptr @malloc(i64 1000)
  store i64 1, ptr %p
  %q = call ptr @malloc(i64 1000)
  call void @free(ptr %p)
  %same = icmp eq ptr %p, %q
  call void @free(ptr %q)
  ret i1 %same
}

; So it is with the one of a round before.
; CHECK-LABEL: define i64 @compared_with_the_last(
; CHECK: %p = call ptr @malloc(i64 3000)
; CHECK-NEXT: call void @free(ptr %p)
; CHECK-NEXT: call void @free(ptr %last)
; CHECK-NEXT: %next = call ptr @malloc(i64 3000)
define i64 @compared_with_the_last(i64 %n) {
entry:
  br label %loop
loop:
  %last = phi ptr [ null, %entry ], [ %next, %loop ]
  %sum = phi i64 [ 0, %entry ], [ %more, %loop ]
  %p = call ptr @malloc(i64 3000)
  call void @free(ptr %p)
  call void @free(ptr %last)
  %next = call ptr @malloc(i64 3000)
  %same = icmp eq ptr %p, %last
  %one = zext i1 %same to i64
  %more = add i64 %sum, %one
  store i64 %more, ptr %next
  %enough = icmp eq i64 %more, %n
  br i1 %enough, label %end, label %loop
end:
  call void @free(ptr %next)
  ret i64 %sum
}

; A comparison of this round is not one after the free of the round before.
; CHECK-LABEL: define void @walked_in_a_loop(
; CHECK: done:
; CHECK-NEXT: call void @free(ptr %p)
; CHECK-NEXT: call void @work()
define void @walked_in_a_loop(i64 %n) {
entry:
  br label %loop
loop:
  %i = phi i64 [ 0, %entry ], [ %next, %done ]
  %p = call ptr @malloc(i64 3000)
  %end = getelementptr i8, ptr %p, i64 3000
  br label %walk
walk:
  %at = phi ptr [ %p, %loop ], [ %after, %walk ]
  store i64 1, ptr %at
  %after = getelementptr i8, ptr %at, i64 8
  %all = icmp eq ptr %after, %end
  br i1 %all, label %done, label %walk
done:
  call void @work()
  call void @free(ptr %p)
  %next = add i64 %i, 1
  %enough = icmp eq i64 %next, %n
  br i1 %enough, label %out, label %loop
out:
  ret void
}

; The heap's size is asked for.
; CHECK-LABEL: define void @observed(
; CHECK: call void @mallinfo2(ptr %before)
; CHECK-NEXT: call void @free(ptr %p)
; CHECK-NEXT: call void @work()
define void @observed() {
  %before = alloca %info
  %p = call ptr @malloc(i64 1000)
  store i64 1, ptr %p
  call void @work()
  call void @mallinfo2(ptr %before)
  call void @work()
  call void @free(ptr %p)
  ret void
}

; What is freed may be another object.
; JSON: "name": "shared"
; JSON: "early_free":"shared"
; CHECK-LABEL: define void @shared(
; CHECK: call void @work()
; CHECK-NEXT: call void @free(ptr %either)
define void @shared(ptr %other, i1 %c) {
  %p = call ptr @malloc(i64 1000)
  %either = select i1 %c, ptr %p, ptr %other
  store i64 1, ptr %either
  call void @work()
  call void @free(ptr %either)
  ret void
}

; A pointer before the object is freed as it is: by a sum. Nothing is known of that.
; JSON: "name": "inside"
; JSON: "early_free":"shared"
; CHECK-LABEL: define void @inside(
; CHECK: call void @work()
; CHECK-NEXT: call void @free(ptr %back)
define void @inside(i64 %n) {
  %p = call ptr @malloc(i64 1000)
  %in = getelementptr i8, ptr %p, i64 %n
  store i64 1, ptr %in
  %m = sub i64 0, %n
  %back = getelementptr i8, ptr %in, i64 %m
  call void @work()
  call void @free(ptr %back)
  ret void
}

; The function may return twice; or a sanitizer watches it.
; JSON: "name": "jumps"
; JSON: "early_free":"forbidden"
; CHECK-LABEL: define void @jumps(
; CHECK: call void @work()
; CHECK-NEXT: call void @free(ptr %p)
define void @jumps(ptr %buffer) {
  %r = call i32 @_setjmp(ptr %buffer) returns_twice
  %p = call ptr @malloc(i64 1000)
  store i64 1, ptr %p
  call void @work()
  call void @free(ptr %p)
  ret void
}

; JSON: "name": "watched"
; JSON: "early_free":"forbidden"
; CHECK-LABEL: define void @watched(
; CHECK: call void @work()
; CHECK-NEXT: call void @free(ptr %p)
define void @watched() sanitize_address {
  %p = call ptr @malloc(i64 1000)
  store i64 1, ptr %p
  call void @work()
  call void @free(ptr %p)
  ret void
}

; Grown: realloc uses it, and what it gives is another object.
; CHECK-LABEL: define void @grown(
; CHECK: call void @work()
; CHECK-NEXT: %q = call ptr @realloc(ptr %p, i64 2000)
; CHECK-NEXT: store i64 1, ptr %q
; CHECK-NEXT: call void @free(ptr %q)
; CHECK-NEXT: call void @work()
define void @grown() {
  %p = call ptr @malloc(i64 1000)
  call void @work()
  %q = call ptr @realloc(ptr %p, i64 2000)
  store i64 1, ptr %q
  call void @work()
  call void @free(ptr %q)
  ret void
}

; Code that is not seen may take memory; it cannot know the object.
; CHECK-LABEL: define void @before_unknown(
; CHECK: store i64 1, ptr %p
; CHECK-NEXT: call void @free(ptr %p)
; CHECK-NEXT: call void @unknown()
define void @before_unknown() {
  %p = call ptr @malloc(i64 1000)
  store i64 1, ptr %p
  call void @unknown()
  call void @free(ptr %p)
  ret void
}

; By the distance from one, the other is found.
; CHECK-LABEL: define i32 @relative(
; CHECK-NOT: call void @free
; CHECK: %r = load i32
; CHECK: call void @free(ptr %y)
define internal void @set_distance(ptr %pair) noinline {
  %x = load ptr, ptr %pair
  %place = getelementptr i8, ptr %pair, i64 8
  %y = load ptr, ptr %place
  %from = ptrtoint ptr %x to i64
  %to = ptrtoint ptr %y to i64
  %distance = sub i64 %to, %from
  store i64 %distance, ptr %x
  ret void
}
define i32 @relative() {
  %pair = alloca [2 x ptr]
  %x = call ptr @malloc(i64 3000)
  %y = call ptr @malloc(i64 3000)
  store i32 7, ptr %y
  store ptr %x, ptr %pair
  %place = getelementptr i8, ptr %pair, i64 8
  store ptr %y, ptr %place
  call void @set_distance(ptr %pair)
  %z = call ptr @malloc(i64 3000)
  store i32 9, ptr %z
  %distance = load i64, ptr %x
  %from = ptrtoint ptr %x to i64
  %to = add i64 %from, %distance
  %found = inttoptr i64 %to to ptr
  %r = load i32, ptr %found
  call void @free(ptr %z)
  call void @free(ptr %y)
  call void @free(ptr %x)
  ret i32 %r
}
