; An instrumented module tells a profile of every object that its sites make, and of every one that it frees. It allocates as before.
; RUN: %vmemopt opt --heaps --whole-program --instrument=sites.json %s -o %t.ll --json=%t.json --text | FileCheck %s --check-prefix=TEXT
; RUN: %validate %t.json | FileCheck %s --check-prefix=JSON
; RUN: FileCheck %s < %t.ll
; RUN: opt -passes=verify -disable-output %t.ll
; RUN: %vmemopt opt --heaps --whole-program --instrument %s -o - | FileCheck %s --check-prefix=DEFAULT
target triple = "x86_64-pc-linux-gnu"

; TEXT: the program tells a profile of its sites, and has no heaps; it is to be linked with libvmemrt
; JSON: "instrumented": true,
; JSON: "profiled": false,
; JSON: "function":"make","file":null
; JSON-SAME: "run":null
; DEFAULT: c"vmemopt.profile\00"

; Calls through pointers are told of, too. Each site has a row: its function, no file, its allocator, line, column, its number among those, and whether it is told of.
; CHECK-DAG: @vmemopt.sites = internal constant [8 x { ptr, ptr, ptr, i32, i32, i32, i32 }] [{{.*}} { ptr @vmemopt.text{{.*}}, ptr null, ptr @vmemopt.text{{.*}}, i32 0, i32 0, i32 0, i32 1 }, {{.*}} i32 0, i32 0, i32 1, i32 1 }, {{.*}} i32 0, i32 0, i32 0, i32 0 }, {
; CHECK-DAG: c"sites.json\00"
; CHECK-DAG: c"make\00"
; CHECK-DAG: @llvm.global_ctors = appending global {{.*}} { i32 0, ptr @vmemopt.profile, ptr null }
; CHECK-DAG: @table = global [2 x ptr] [ptr @vmr_site_profile_free, ptr @vmr_site_profile_move]
; CHECK-NOT: vmr_heap_
@kept = global ptr null
@table = global [2 x ptr] [ptr @free, ptr @realloc]

declare ptr @malloc(i64)
declare ptr @calloc(i64, i64)
declare ptr @realloc(ptr, i64)
declare ptr @aligned_alloc(i64, i64)
declare ptr @strdup(ptr)
declare i32 @asprintf(ptr, ptr, ...)
declare noalias ptr @_Znwm(i64)
declare void @_ZdlPv(ptr)
declare void @free(ptr)

; CHECK-LABEL: define void @make(
; CHECK: %a = call ptr @malloc(i64 24)
; CHECK-NEXT: call void @vmr_site_profile_note(ptr @vmemopt.sites, ptr %a, i64 24)
; CHECK: %b = call ptr @malloc(i64 %n)
; CHECK-NEXT: call void @vmr_site_profile_note(ptr getelementptr inbounds ({ ptr, ptr, ptr, i32, i32, i32, i32 }, ptr @vmemopt.sites, i64 1), ptr %b, i64 %n)
; CHECK: %c = call ptr @calloc(i64 4, i64 %n)
; CHECK-NEXT: %[[PRODUCT:.*]] = mul i64 4, %n
; CHECK-NEXT: call void @vmr_site_profile_note(ptr {{.*}}, i64 2), ptr %c, i64 %[[PRODUCT]])
; CHECK: %d = call ptr @aligned_alloc(i64 64, i64 128)
; CHECK-NEXT: call void @vmr_site_profile_note(ptr {{.*}}, i64 3), ptr %d, i64 128)
; CHECK: %e = call ptr @strdup(ptr %text)
; CHECK-NEXT: call void @vmr_site_profile_note(ptr {{.*}}, i64 4), ptr %e, i64 -1)
; CHECK: %[[GROWN:.*]] = call ptr @vmr_site_profile_realloc(ptr {{.*}}, i64 5), ptr %b, i64 %n)
; CHECK: store ptr %[[GROWN]], ptr @kept
; CHECK: call i32 (ptr, ptr, ...) @asprintf(ptr @kept, ptr %text)
; CHECK-NEXT: %h = call ptr @_Znwm(i64 40)
; CHECK-NEXT: call void @vmr_site_profile_note(ptr {{.*}}, i64 7), ptr %h, i64 40)
define void @make(i64 %n, ptr %text) {
  %a = call ptr @malloc(i64 24)
  store ptr %a, ptr @kept
  %b = call ptr @malloc(i64 %n)
  %c = call ptr @calloc(i64 4, i64 %n)
  store ptr %c, ptr @kept
  %d = call ptr @aligned_alloc(i64 64, i64 128)
  store ptr %d, ptr @kept
  %e = call ptr @strdup(ptr %text)
  store ptr %e, ptr @kept
  %f = call ptr @realloc(ptr %b, i64 %n)
  store ptr %f, ptr @kept
  %g = call i32 (ptr, ptr, ...) @asprintf(ptr @kept, ptr %text)
  %h = call ptr @_Znwm(i64 40)
  store ptr %h, ptr @kept
  ret void
}

; CHECK-LABEL: define void @drop(
; CHECK: call void @vmr_site_profile_forget(ptr %p)
; CHECK-NEXT: call void @free(ptr %p)
; CHECK: call void @vmr_site_profile_forget(ptr %q)
; CHECK-NEXT: call void @_ZdlPv(ptr %q)
define void @drop() {
  %p = load ptr, ptr @kept
  call void @free(ptr %p)
  %q = load ptr, ptr @kept
  call void @_ZdlPv(ptr %q)
  ret void
}

define i32 @main(i32 %n, ptr %v) {
  %many = zext i32 %n to i64
  call void @make(i64 %many, ptr %v)
  call void @drop()
  ret i32 0
}

; CHECK-LABEL: define internal void @vmemopt.profile()
; CHECK: call i32 @vmr_site_profile_begin(ptr @vmemopt.program)
