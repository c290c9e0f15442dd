; Where a profile tells that a call of a function makes little, its first objects are cut from a block, and frees leave them alone; what
; comes beyond the block is recycled, as all is without a profile.
; RUN: %python %S/inputs/profile.py queue:malloc:0:9000:40:9@16384 zeroes:calloc:0:9000:48:9@400 much:malloc:0:9000:56:9@16385 moved:malloc:0:9000:64:9@400 pointed:malloc:0:9000:72:9@400 untold:malloc:0:9000:80:9 one:malloc:0:9000:88:9@400 two:malloc:0:9000:96:9@400 never:malloc:0:9000:104:9@0 > %t.profile
; RUN: %validate-profile %t.profile > %t.same
; RUN: %vmemopt opt --heaps --whole-program --max-stack=8 --profile=%t.profile %s -o %t.ll --json=%t.json --text | FileCheck %s --check-prefix=TEXT
; RUN: %validate %t.json | FileCheck %s --check-prefix=JSON
; RUN: FileCheck %s < %t.ll
; RUN: opt -passes=verify -disable-output %t.ll
; RUN: %vmemopt opt --heaps --whole-program --max-stack=8 %s -o - | FileCheck %s --check-prefix=WITHOUT
; RUN: sed 's/@sinned/@pthread_create/' %s > %t.threads.ll
; RUN: %vmemopt opt --heaps --whole-program --max-stack=8 --profile=%t.profile %t.threads.ll -o - | FileCheck %s --check-prefix=WITHOUT
; RUN: %vmemopt opt --heaps --whole-program --max-stack=8 --instrument %s -o - | FileCheck %s --check-prefix=WATCHED
target triple = "x86_64-pc-linux-gnu"

; WITHOUT-NOT: vmemopt.block

; TEXT: heap 0, scoped-lists: objects of 40 bytes
; TEXT: recycled: something may be allocated between a free and the end
; TEXT-NEXT: the first 16384 bytes of each call are not recycled: the profile tells of at most 16384 in one
; TEXT: heap 1, scoped-lists: objects of 48 bytes
; TEXT: the first 16384 bytes of each call are not recycled: the profile tells of at most 400 in one
; What is more than the block, may be moved or freed by a pointer, and what is not told or was never made, has none. Of two heaps whose objects one call may free, one has.
; TEXT: heap 2, scoped-lists: objects of 56 bytes
; TEXT-NOT: the first 16384
; TEXT: heap 3, scoped-lists
; TEXT-NOT: the first 16384
; TEXT: heap 4, scoped-lists
; TEXT-NOT: the first 16384
; TEXT: heap 5, scoped-lists
; TEXT-NOT: the first 16384
; TEXT: heap 6, scoped-lists: objects of 88 bytes
; TEXT: the first 16384
; TEXT: heap 7, scoped-lists: objects of 96 bytes
; TEXT-NOT: the first 16384
; TEXT: heap 8, scoped-lists: objects of 104 bytes
; TEXT-NOT: the first 16384
; JSON: "heap":0,"kind":"scoped-lists",{{.*}}"recycling":"allocates","elided":0,"block":16384
; JSON: "heap":2,{{.*}}"block":0

; A cursor, room that is there when the constructor has asked, and the bytes.
; CHECK: @vmemopt.block.0 = internal global { i64, i64, [16384 x i8] } zeroinitializer, align 16
; CHECK-NOT: @vmemopt.block.2

@release = internal global ptr @free

declare ptr @malloc(i64)
declare ptr @calloc(i64, i64)
declare ptr @realloc(ptr, i64)
declare void @free(ptr)
declare i32 @sinned(ptr, ptr, ptr, ptr)

; CHECK-LABEL: define internal i64 @queue(
; CHECK: %[[OUTER:.*]] = load ptr, ptr @vmemopt.heap.0
; CHECK-NEXT: %[[USED:.*]] = load i64, ptr @vmemopt.block.0
; CHECK-NEXT: store ptr null, ptr @vmemopt.heap.0
; CHECK: %[[CURSOR:.*]] = load i64, ptr @vmemopt.block.0
; CHECK: %[[OPEN:.*]] = load i64, ptr getelementptr inbounds (i8, ptr @vmemopt.block.0, i64 8)
; CHECK: %[[LEFT:.*]] = sub i64 %[[OPEN]], %[[CURSOR]]
; CHECK: icmp ult i64 39, %[[LEFT]]
; CHECK: %[[NEXT:.*]] = add i64 %[[CURSOR]], 40
; CHECK: store i64 %[[NEXT]], ptr @vmemopt.block.0
; CHECK: getelementptr inbounds i8, ptr getelementptr inbounds (i8, ptr @vmemopt.block.0, i64 16), i64 %[[CURSOR]]
; CHECK: call noalias ptr @vmemopt.block.refill(ptr @vmemopt.heap.0, i64 40, i32 4)
; CHECK: %[[ADDRESS:.*]] = ptrtoint ptr %list to i64
; CHECK: %[[OFFSET:.*]] = sub i64 %[[ADDRESS]], ptrtoint (ptr getelementptr inbounds (i8, ptr @vmemopt.block.0, i64 16) to i64)
; CHECK: icmp ult i64 %[[OFFSET]], 16384
; CHECK: call void @vmr_heap_free(ptr %list)
; CHECK: call void @vmr_heap_destroy(
; CHECK-NEXT: store ptr %[[OUTER]], ptr @vmemopt.heap.0
; CHECK-NEXT: store i64 %[[USED]], ptr @vmemopt.block.0
; WATCHED-LABEL: define internal i64 @queue(
; WATCHED-NEXT: entry:
; WATCHED-NEXT: call void @vmr_site_profile_scope(ptr @vmemopt.sites)
; WATCHED: call ptr @malloc(
define internal i64 @queue(i64 %n) noinline {
entry:
  br label %grow
grow:
  %i = phi i64 [ %n, %entry ], [ %less, %again ]
  %list = phi ptr [ null, %entry ], [ %e, %again ]
  %e = call ptr @malloc(i64 40)
  store ptr %list, ptr %e
  %odd = trunc i64 %i to i1
  br i1 %odd, label %early, label %again
early:
  call void @free(ptr %list)
  store ptr null, ptr %e
  br label %again
again:
  %less = sub i64 %i, 1
  %more = icmp ne i64 %less, 0
  br i1 %more, label %grow, label %late
late:
  br label %end
end:
  ret i64 %n
}

; CHECK-LABEL: define internal i64 @zeroes(
; CHECK: call noalias ptr @vmemopt.block.refill(ptr @vmemopt.heap.1, i64 48, i32 4)
; CHECK: call void @llvm.memset{{.*}}(ptr align 8 %{{.*}}, i8 0, i64 48, i1 false)
; CHECK: sub i64 {{.*}}ptr @vmemopt.block.1, i64 16
define internal i64 @zeroes(i64 %n) noinline {
entry:
  br label %grow
grow:
  %i = phi i64 [ %n, %entry ], [ %less, %again ]
  %list = phi ptr [ null, %entry ], [ %e, %again ]
  %e = call ptr @calloc(i64 1, i64 48)
  store ptr %list, ptr %e
  %odd = trunc i64 %i to i1
  br i1 %odd, label %early, label %again
early:
  call void @free(ptr %list)
  store ptr null, ptr %e
  br label %again
again:
  %less = sub i64 %i, 1
  %more = icmp ne i64 %less, 0
  br i1 %more, label %grow, label %late
late:
  br label %end
end:
  ret i64 %n
}

; CHECK-LABEL: define internal i64 @much(
; CHECK-NOT: vmemopt.block
define internal i64 @much(i64 %n) noinline {
entry:
  br label %grow
grow:
  %i = phi i64 [ %n, %entry ], [ %less, %again ]
  %list = phi ptr [ null, %entry ], [ %e, %again ]
  %e = call ptr @malloc(i64 56)
  store ptr %list, ptr %e
  %odd = trunc i64 %i to i1
  br i1 %odd, label %early, label %again
early:
  call void @free(ptr %list)
  store ptr null, ptr %e
  br label %again
again:
  %less = sub i64 %i, 1
  %more = icmp ne i64 %less, 0
  br i1 %more, label %grow, label %late
late:
  br label %end
end:
  ret i64 %n
}

; CHECK-LABEL: define internal i64 @moved(
define internal i64 @moved(i64 %n) noinline {
entry:
  br label %grow
grow:
  %i = phi i64 [ %n, %entry ], [ %less, %again ]
  %list = phi ptr [ null, %entry ], [ %e, %again ]
  %e = call ptr @malloc(i64 64)
  store ptr %list, ptr %e
  %odd = trunc i64 %i to i1
  br i1 %odd, label %early, label %again
early:
  call void @free(ptr %list)
  store ptr null, ptr %e
  br label %again
again:
  %less = sub i64 %i, 1
  %more = icmp ne i64 %less, 0
  br i1 %more, label %grow, label %late
late:
  %m = call ptr @realloc(ptr %e, i64 100)
  call void @free(ptr %m)
  br label %end
end:
  ret i64 %n
}

; CHECK-LABEL: define internal i64 @pointed(
define internal i64 @pointed(i64 %n) noinline {
entry:
  br label %grow
grow:
  %i = phi i64 [ %n, %entry ], [ %less, %again ]
  %list = phi ptr [ null, %entry ], [ %e, %again ]
  %e = call ptr @malloc(i64 72)
  store ptr %list, ptr %e
  %odd = trunc i64 %i to i1
  br i1 %odd, label %early, label %again
early:
  %f = load ptr, ptr @release
  call void %f(ptr %list)
  store ptr null, ptr %e
  br label %again
again:
  %less = sub i64 %i, 1
  %more = icmp ne i64 %less, 0
  br i1 %more, label %grow, label %late
late:
  br label %end
end:
  ret i64 %n
}

; CHECK-LABEL: define internal i64 @untold(
define internal i64 @untold(i64 %n) noinline {
entry:
  br label %grow
grow:
  %i = phi i64 [ %n, %entry ], [ %less, %again ]
  %list = phi ptr [ null, %entry ], [ %e, %again ]
  %e = call ptr @malloc(i64 80)
  store ptr %list, ptr %e
  %odd = trunc i64 %i to i1
  br i1 %odd, label %early, label %again
early:
  call void @free(ptr %list)
  store ptr null, ptr %e
  br label %again
again:
  %less = sub i64 %i, 1
  %more = icmp ne i64 %less, 0
  br i1 %more, label %grow, label %late
late:
  br label %end
end:
  ret i64 %n
}

; CHECK-LABEL: define internal void @put(
; CHECK: ptrtoint (ptr getelementptr inbounds (i8, ptr @vmemopt.block.6, i64 16) to i64)
; CHECK-NOT: ptr @vmemopt.block
; CHECK: ret void
define internal void @put(ptr %p) noinline {
  call void @free(ptr %p)
  ret void
}

define internal i64 @one(i64 %n) noinline {
entry:
  br label %grow
grow:
  %i = phi i64 [ %n, %entry ], [ %less, %again ]
  %list = phi ptr [ null, %entry ], [ %e, %again ]
  %e = call ptr @malloc(i64 88)
  store ptr %list, ptr %e
  %odd = trunc i64 %i to i1
  br i1 %odd, label %early, label %again
early:
  call void @put(ptr %list)
  store ptr null, ptr %e
  br label %again
again:
  %less = sub i64 %i, 1
  %more = icmp ne i64 %less, 0
  br i1 %more, label %grow, label %late
late:
  br label %end
end:
  ret i64 %n
}

define internal i64 @two(i64 %n) noinline {
entry:
  br label %grow
grow:
  %i = phi i64 [ %n, %entry ], [ %less, %again ]
  %list = phi ptr [ null, %entry ], [ %e, %again ]
  %e = call ptr @malloc(i64 96)
  store ptr %list, ptr %e
  %odd = trunc i64 %i to i1
  br i1 %odd, label %early, label %again
early:
  call void @put(ptr %list)
  store ptr null, ptr %e
  br label %again
again:
  %less = sub i64 %i, 1
  %more = icmp ne i64 %less, 0
  br i1 %more, label %grow, label %late
late:
  br label %end
end:
  ret i64 %n
}

define internal i64 @never(i64 %n) noinline {
entry:
  br label %grow
grow:
  %i = phi i64 [ %n, %entry ], [ %less, %again ]
  %list = phi ptr [ null, %entry ], [ %e, %again ]
  %e = call ptr @malloc(i64 104)
  store ptr %list, ptr %e
  %odd = trunc i64 %i to i1
  br i1 %odd, label %early, label %again
early:
  call void @free(ptr %list)
  store ptr null, ptr %e
  br label %again
again:
  %less = sub i64 %i, 1
  %more = icmp ne i64 %less, 0
  br i1 %more, label %grow, label %late
late:
  br label %end
end:
  ret i64 %n
}

define i32 @main() {
entry:
  br label %again
again:
  %i = phi i64 [ 0, %entry ], [ %next, %again ]
  %next = add i64 %i, 1
  call i64 @queue(i64 %next)
  call i64 @zeroes(i64 %next)
  call i64 @much(i64 %next)
  call i64 @moved(i64 %next)
  call i64 @pointed(i64 %next)
  call i64 @untold(i64 %next)
  call i64 @one(i64 %next)
  call i64 @two(i64 %next)
  call i64 @never(i64 %next)
  %stop = icmp eq i64 %next, 9
  br i1 %stop, label %out, label %again
out:
  ret i32 0
}

; CHECK-LABEL: define internal void @vmemopt.heaps()
; CHECK: %[[ROOM:.*]] = call i64 @vmr_heap_room(i64 16384)
; CHECK-NEXT: store i64 %[[ROOM]], ptr getelementptr inbounds ({ i64, i64, [16384 x i8] }, ptr @vmemopt.block.0, i32 0, i32 1)
