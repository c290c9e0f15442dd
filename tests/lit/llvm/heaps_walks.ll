; What did nothing but walk a structure and free it is not called any more; what also writes where others read is.
; RUN: %vmemopt opt --heaps --whole-program --max-stack=8 %s -o %t.ll --text | FileCheck %s --check-prefix=TEXT
; RUN: FileCheck %s < %t.ll
target triple = "x86_64-pc-linux-gnu"

; TEXT: heap 0, scoped: objects of 24 bytes, aligned to 8; dropped as a whole when plain returns
; TEXT: heap 1, scoped: objects of 32 bytes, aligned to 8; dropped as a whole when counted returns

declare ptr @malloc(i64)
declare void @free(ptr)
@freed = global i64 0

define internal ptr @build24(i64 %n) noinline {
entry:
  br label %loop
loop:
  %i = phi i64 [ %n, %entry ], [ %less, %loop ]
  %list = phi ptr [ null, %entry ], [ %e, %loop ]
  %e = call ptr @malloc(i64 24)
  store ptr %list, ptr %e
  %less = sub i64 %i, 1
  %more = icmp ne i64 %less, 0
  br i1 %more, label %loop, label %end
end:
  ret ptr %e
}
define internal ptr @build32(i64 %n) noinline {
entry:
  br label %loop
loop:
  %i = phi i64 [ %n, %entry ], [ %less, %loop ]
  %list = phi ptr [ null, %entry ], [ %e, %loop ]
  %e = call ptr @malloc(i64 32)
  store ptr %list, ptr %e
  %less = sub i64 %i, 1
  %more = icmp ne i64 %less, 0
  br i1 %more, label %loop, label %end
end:
  ret ptr %e
}

define internal void @walk(ptr %first) noinline {
entry:
  br label %loop
loop:
  %c = phi ptr [ %first, %entry ], [ %next, %loop ]
  %next = load ptr, ptr %c
  call void @free(ptr %c)
  %more = icmp ne ptr %next, null
  br i1 %more, label %loop, label %end
end:
  ret void
}
; CHECK-LABEL: define internal void @walk_and_count(
; CHECK-NOT: call
; CHECK: store i64 %{{.*}}, ptr @freed
; CHECK: ret void
define internal void @walk_and_count(ptr %first) noinline {
entry:
  br label %loop
loop:
  %c = phi ptr [ %first, %entry ], [ %next, %loop ]
  %next = load ptr, ptr %c
  call void @free(ptr %c)
  %n = load i64, ptr @freed
  %n1 = add i64 %n, 1
  store i64 %n1, ptr @freed
  %more = icmp ne ptr %next, null
  br i1 %more, label %loop, label %end
end:
  ret void
}

; CHECK-LABEL: define internal void @plain(
; CHECK-NOT: call void @walk(
; CHECK: ret void
define internal void @plain(i64 %n) noinline {
  %list = call ptr @build24(i64 %n)
  call void @walk(ptr %list)
  ret void
}
; CHECK-LABEL: define internal void @counted(
; CHECK: call void @walk_and_count(
; CHECK: ret void
define internal void @counted(i64 %n) noinline {
  %list = call ptr @build32(i64 %n)
  call void @walk_and_count(ptr %list)
  ret void
}

define i64 @main() {
  call void @plain(i64 9)
  call void @plain(i64 8)
  call void @counted(i64 9)
  call void @counted(i64 8)
  %n = load i64, ptr @freed
  ret i64 %n
}
