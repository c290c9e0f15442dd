; With a profile, what holds little shares a heap, what is large and rare lies apart, and the report tells what is expected.
; RUN: %python %S/inputs/profile.py tree:malloc:0:100000:20 list:malloc:0:50:16 index:calloc:0:3:40000 pair:malloc:0:100:24:10 pair:malloc:1:90000:24 stack:malloc:0:1:60 > %t.profile
; RUN: %validate-profile %t.profile > %t.same
; RUN: %vmemopt opt --heaps --whole-program --profile=%t.profile %s -o %t.ll --json=%t.json --text 2>%t.err | FileCheck %s --check-prefix=TEXT
; RUN: FileCheck %s --check-prefix=WARNING < %t.err
; RUN: %validate %t.json | FileCheck %s --check-prefix=JSON
; RUN: opt -passes=verify -disable-output %t.ll
; RUN: %vmemopt analyze --heaps --whole-program %s | FileCheck %s --check-prefix=WITHOUT
target triple = "x86_64-pc-linux-gnu"

; WARNING: warning: {{.*}}.profile tells of 6 sites; 5 are the program's, which has 6 [W0603]
; WARNING: hint: the program has changed since it was instrumented

; TEXT: 5 heaps for 6 of 6 sites
; TEXT: heap 0, bump: objects of 20 bytes, aligned to 8; never freed
; TEXT-NEXT: why: one site, whose objects no other site's point to
; TEXT-NEXT: expected: 100000 objects in 2400000 bytes, at most 2400000 at a time
; TEXT-NEXT: tree, (no line)  malloc, 20 bytes; 100000 objects in the run
; TEXT: heap 1, bump: objects of several sizes
; TEXT-NEXT: why: the profile tells of too few objects for heaps of their own
; TEXT-NEXT: expected: 53 objects in 120800 bytes
; TEXT-NEXT: list, (no line)  malloc, 16 bytes; 50 objects in the run
; TEXT-NEXT: index, (no line)  calloc, 40000 bytes; 3 objects in the run
; TEXT: heap 2, lists: objects of 24 bytes
; TEXT-NEXT: why: the profile tells of too few objects
; TEXT-NEXT: expected: 100 objects in 2400 bytes, at most 240 at a time
; TEXT: heap 3, bump: objects of 24 bytes
; TEXT-NEXT: why: one site
; TEXT-NEXT: expected: 90000 objects in 2160000 bytes, at most 2160000 at a time
; TEXT: heap 4, bump: objects of 8 bytes
; TEXT-NEXT: why: one site
; TEXT-NEXT: expected: not known

; RUN: FileCheck %s < %t.ll
; What a bump heap will hold, in KiB, is known to it; so is what a heap with lists will hold, if that is much.
; CHECK: @vmemopt.heap.0 = internal global {{.*}} i32 4, i32 2344 }, align 16
; CHECK: @vmemopt.heap.1 = internal global {{.*}} i32 4, i32 118 }, align 16
; CHECK: @vmemopt.heap.4 = internal global {{.*}} i32 4, i32 0 }, align 16
; CHECK-NOT: vmr_heap_expect
; RUN: %python %S/inputs/profile.py pair:malloc:0:1000000:24:500000 > %t.more
; RUN: %vmemopt opt --heaps --whole-program --profile=%t.more %s -o - 2>/dev/null | FileCheck %s --check-prefix=MORE
; MORE: define internal void @vmemopt.heaps()
; MORE: call i32 @vmr_heap_create(ptr @vmemopt.heap.[[HEAP:[0-9]+]], ptr null, i32 4)
; MORE-NEXT: %[[MADE:.*]] = load ptr, ptr @vmemopt.heap.[[HEAP]]
; MORE-NEXT: call void @vmr_heap_expect(ptr %[[MADE]], i64 12000000)
; MORE-NEXT: %[[RANGE:.*]] = call ptr @vmr_heap_find_range()
; MORE-NEXT: store ptr %[[RANGE]], ptr @vmemopt.range
; MORE-NEXT: ret void

; What is made in turn lies together, though nothing connects it; not when one is made more often.
; RUN: %python %S/inputs/profile.py tree:malloc:0:100000:20:100000:1 list:malloc:0:80000:16:80000:0 late:malloc:0:90000:8:90000:2 index:calloc:0:3:40000 pair:malloc:0:100:24:10 pair:malloc:1:1:24 > %t.turns
; RUN: %vmemopt analyze --heaps --whole-program --profile=%t.turns %s | FileCheck %s --check-prefix=TURNS
; TURNS: heap 0, bump: objects of several sizes, aligned to 8; never freed
; TURNS-NEXT: why: the profile tells that their objects are made in turn and live at the same time
; TURNS-NEXT: expected: 180000 objects in 3680000 bytes
; TURNS-NEXT: tree, (no line)
; TURNS-NEXT: list, (no line)
; TURNS: bump: objects of 8 bytes
; TURNS-NEXT: why: one site
; TURNS-NEXT: expected: 90000 objects
; RUN: sed 's/"count": 80000, "bytes"/"count": 60000, "bytes"/' %t.turns > %t.seldom
; RUN: %vmemopt analyze --heaps --whole-program --profile=%t.seldom %s | FileCheck %s --check-prefix=SELDOM --implicit-check-not=turn
; SELDOM: heaps for 6 of 6 sites

; JSON: "profiled": true
; JSON: "heap":0,"kind":"bump",{{.*}}"expected_objects":100000,"expected_bytes":2400000,"expected_peak":2400000
; JSON: "function":"tree",{{.*}}"run":{"objects":100000,"bytes":2000000,"smallest":20,"largest":20,"usual":20,"frees":0,"moves":0,"peak_objects":100000,
; JSON: "function":"late",{{.*}}"run":null

; WITHOUT: 6 heaps for 6 of 6 sites
; WITHOUT: expected: not known
@trees = global ptr null
@lists = global ptr null
@indices = global ptr null
@pairs = global ptr null
@lates = global ptr null

declare ptr @malloc(i64)
declare ptr @calloc(i64, i64)
declare void @free(ptr)

define void @tree() {
  %p = call ptr @malloc(i64 20)
  %next = load ptr, ptr @trees
  store ptr %next, ptr %p
  store ptr %p, ptr @trees
  ret void
}

define void @list() {
  %p = call ptr @malloc(i64 16)
  %next = load ptr, ptr @lists
  store ptr %next, ptr %p
  store ptr %p, ptr @lists
  ret void
}

define void @index() {
  %p = call ptr @calloc(i64 1, i64 40000)
  %next = load ptr, ptr @indices
  store ptr %next, ptr %p
  store ptr %p, ptr @indices
  ret void
}

define void @pair() {
  %p = call ptr @malloc(i64 24)
  %q = call ptr @malloc(i64 24)
  store ptr %q, ptr %p
  %old = load ptr, ptr @pairs
  call void @free(ptr %old)
  store ptr %p, ptr @pairs
  store ptr %p, ptr %q
  %s = load ptr, ptr %q
  call void @free(ptr %s)
  ret void
}

; Nothing is told of this one: it has the heap that it would have without a profile.
define void @late() {
  %p = call ptr @malloc(i64 8)
  %next = load ptr, ptr @lates
  store ptr %next, ptr %p
  store ptr %p, ptr @lates
  ret void
}

define i32 @main() {
  call void @tree()
  call void @list()
  call void @index()
  call void @pair()
  call void @late()
  ret i32 0
}
