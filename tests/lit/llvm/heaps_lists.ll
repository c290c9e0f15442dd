; Objects that are freed are taken from a list in place: one that is known where the size is a constant, else one that a table tells;
; and given back in place, where the program has no threads. The runtime does what remains.
; RUN: %vmemopt opt --heaps --whole-program %s -o %t.ll
; RUN: FileCheck %s < %t.ll
; RUN: opt -passes=verify -disable-output %t.ll
; RUN: sed 's/^; THREADS: //' %s > %t.threads.ll
; RUN: %vmemopt opt --heaps --whole-program %t.threads.ll -o - | FileCheck %s --check-prefix=SHARED
target triple = "x86_64-pc-linux-gnu"

; CHECK-DAG: @vmemopt.nowhere = internal constant { i64, i64 } zeroinitializer
; CHECK-DAG: @vmemopt.range = internal global ptr @vmemopt.nowhere
; CHECK-DAG: @vmemopt.classes.8 = internal unnamed_addr constant [129 x i8] c"\00\00\01\02\03\04\05\06\07\08\08\09\09
; SHARED-NOT: @vmemopt.range
; SHARED-NOT: @vmemopt.classes

@list = internal global ptr null

declare ptr @malloc(i64)
declare ptr @calloc(i64, i64)
declare void @free(ptr)
; THREADS: declare i32 @pthread_create(ptr, ptr, ptr, ptr)

; 40 bytes: class 4, whose address is 32 bytes behind the heap's beginning.
; CHECK-LABEL: define void @known(
; CHECK: %[[HEAP:.*]] = load ptr, ptr @vmemopt.heap.0
; CHECK: icmp ne ptr %[[HEAP]], null
; CHECK: %[[PLACE:.*]] = getelementptr inbounds i8, ptr %[[HEAP]], i64 32
; CHECK: %[[LIST:.*]] = load ptr, ptr %[[PLACE]]
; CHECK: %[[OBJECT:.*]] = load ptr, ptr %[[LIST]]
; CHECK: icmp ne ptr %[[OBJECT]], null
; CHECK: call noalias ptr @vmr_heap_refill(ptr %[[HEAP]], i64 40)
; CHECK: %[[NEXT:.*]] = load ptr, ptr %[[OBJECT]]
; CHECK: call void @llvm.prefetch.p0(ptr %[[NEXT]], i32 1, i32 3, i32 1)
; CHECK: store ptr %[[NEXT]], ptr %[[LIST]]
; CHECK: %[[COUNT:.*]] = getelementptr inbounds i8, ptr %[[LIST]], i64 8
; CHECK: %[[LIVE:.*]] = load i32, ptr %[[COUNT]]
; CHECK: %[[MORE:.*]] = add i32 %[[LIVE]], 1
; CHECK: store i32 %[[MORE]], ptr %[[COUNT]]
; SHARED-LABEL: define void @known(
; SHARED: call ptr @vmr_heap_alloc(ptr %{{.*}}, i64 40)
define void @known() {
  %p = call ptr @malloc(i64 40)
  %head = load ptr, ptr @list
  store ptr %head, ptr %p
  store ptr %p, ptr @list
  ret void
}

; CHECK-LABEL: define void @any(
; CHECK: %[[HEAP:.*]] = load ptr, ptr @vmemopt.heap.0
; CHECK: %[[FITS:.*]] = icmp ule i64 %n, 1024
; CHECK: %[[MORE:.*]] = add i64 %n, 7
; CHECK: %[[WORDS:.*]] = lshr i64 %[[MORE]], 3
; CHECK: getelementptr inbounds i8, ptr @vmemopt.classes.8, i64 %[[WORDS]]
; CHECK: call noalias ptr @vmr_heap_refill(ptr %[[HEAP]], i64 %n)
; SHARED-LABEL: define void @any(
; SHARED: call ptr @vmr_heap_alloc(ptr %{{.*}}, i64 %n)
define void @any(i64 %n) {
  %p = call ptr @malloc(i64 %n)
  %head = load ptr, ptr @list
  store ptr %head, ptr %p
  store ptr %p, ptr @list
  ret void
}

; What is large has a class that no list is looked at for; what is to be zero is the runtime's.
; CHECK-LABEL: define void @large(
; CHECK: call {{.*}}ptr @vmr_heap_alloc(ptr %{{.*}}, i64 1025)
; CHECK: call {{.*}}ptr @vmr_heap_calloc(ptr %{{.*}}, i64 1, i64 24)
define void @large() {
  %p = call ptr @malloc(i64 1025)
  %z = call ptr @calloc(i64 1, i64 24)
  %head = load ptr, ptr @list
  store ptr %head, ptr %p
  store ptr %p, ptr %z
  store ptr %z, ptr @list
  ret void
}

; CHECK-LABEL: define void @drop(
; CHECK: %[[RANGE:.*]] = load ptr, ptr @vmemopt.range
; CHECK: %[[TAKENAT:.*]] = getelementptr inbounds i8, ptr %[[RANGE]], i64 8
; CHECK: %[[TAKEN:.*]] = load i64, ptr %[[TAKENAT]]
; CHECK: %[[BASE:.*]] = load ptr, ptr %[[RANGE]]
; CHECK: %[[OFFSET:.*]] = sub i64
; CHECK: icmp ult i64 %[[OFFSET]], %[[TAKEN]]
; CHECK: %[[INDEX:.*]] = lshr i64 %[[OFFSET]], 16
; CHECK: mul i64 %[[INDEX]], 64
; CHECK: %[[LIST:.*]] = getelementptr inbounds i8, ptr %[[BASE]]
; CHECK: getelementptr inbounds i8, ptr %[[LIST]], i64 12
; CHECK: load i8
; CHECK: %[[IDLE:.*]] = load ptr, ptr %[[LIST]]
; CHECK: icmp ne ptr %[[IDLE]], %p
; CHECK: %[[LIVE:.*]] = load i32
; CHECK: icmp ugt i32 %[[LIVE]], 1
; CHECK: icmp eq ptr %{{.*}}, %[[LIST]]
; CHECK: icmp eq i32 %[[LIVE]], 1
; CHECK: store ptr %[[IDLE]], ptr %p
; CHECK: store ptr %p, ptr %[[LIST]]
; CHECK: sub i32 %[[LIVE]], 1
; CHECK: store ptr %[[LIST]], ptr
; CHECK: call void @vmr_heap_free(ptr %p)
; SHARED-LABEL: define void @drop(
; SHARED-NEXT: load ptr, ptr @list
; SHARED-NEXT: load ptr
; SHARED-NEXT: store ptr
; SHARED-NEXT: call void @vmr_heap_free(ptr %p)
define void @drop() {
  %p = load ptr, ptr @list
  %next = load ptr, ptr %p
  store ptr %next, ptr @list
  call void @free(ptr %p)
  ret void
}

define internal ptr @work(ptr %x) {
  call void @known()
  call void @any(i64 50)
  call void @large()
  call void @drop()
  ret ptr null
}

define i32 @main(i32 %n) {
  %thread = alloca i64
; THREADS:   %t = call i32 @pthread_create(ptr %thread, ptr null, ptr @work, ptr null)
  %bytes = zext i32 %n to i64
  call void @known()
  call void @any(i64 %bytes)
  call void @large()
  call void @drop()
  ret i32 0
}

; CHECK-LABEL: define internal void @vmemopt.heaps()
; CHECK: call i32 @vmr_heap_create(ptr @vmemopt.heap.0, ptr null, i32 12)
; CHECK: %[[RANGE:.*]] = call ptr @vmr_heap_find_range()
; CHECK: store ptr %[[RANGE]], ptr @vmemopt.range
; SHARED-NOT: @vmr_heap_find_range
