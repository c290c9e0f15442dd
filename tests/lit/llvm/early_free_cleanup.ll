; Before a block that frees everything, a phi of an object and null stands for the object; a phi of what is left to free
; takes its place.
; RUN: %vmemopt opt %s --max-stack=16 -o - | FileCheck %s
target triple = "x86_64-pc-linux-gnu"

declare ptr @malloc(i64)
declare ptr @calloc(i64, i64)
declare void @free(ptr)

; CHECK-LABEL: define i32 @stages(
; CHECK: %p = call ptr @malloc(i64 1000)
; CHECK: second:
; CHECK: %q = call ptr @calloc(i64 100, i64 20)
; CHECK: third:
; CHECK-NEXT: %x = load i64, ptr %p
; CHECK-NEXT: call void @free(ptr %p)
; CHECK-NEXT: store i64 %x, ptr %q
; CHECK-NEXT: %r = call ptr @malloc(i64 3000)
; CHECK: fourth:
; CHECK-NEXT: store i64 1, ptr %q
; CHECK: done:
; CHECK-NEXT: %[[REST:.*]] = phi ptr [ null, %entry ], [ %p, %second ], [ null, %third ], [ null, %fourth ]
; CHECK: call void @free(ptr %[[REST]])
; CHECK: ret i32
define i32 @stages() {
entry:
  %p = call ptr @malloc(i64 1000)
  %no_p = icmp eq ptr %p, null
  br i1 %no_p, label %done, label %second
second:
  store i64 5, ptr %p
  %q = call ptr @calloc(i64 100, i64 20)
  %no_q = icmp eq ptr %q, null
  br i1 %no_q, label %done, label %third
third:
  %x = load i64, ptr %p
  store i64 %x, ptr %q
  %r = call ptr @malloc(i64 3000)
  %no_r = icmp eq ptr %r, null
  br i1 %no_r, label %done, label %fourth
fourth:
  store i64 1, ptr %q
  store i64 1, ptr %r
  br label %done
done:
  %b = phi ptr [ null, %entry ], [ null, %second ], [ %q, %third ], [ %q, %fourth ]
  %c = phi ptr [ null, %entry ], [ null, %second ], [ null, %third ], [ %r, %fourth ]
  call void @free(ptr %c)
  call void @free(ptr %b)
  call void @free(ptr %p)
  ret i32 0
}

; The phi is null on a way on which the object lives and is not freed: nothing is known of it.
; CHECK-LABEL: define i64 @forgotten(
; CHECK: go:
; CHECK-NEXT: %r = call ptr @malloc(i64 3000)
; CHECK: done:
; CHECK: call void @free(ptr %either)
; CHECK: ret i64
define i64 @forgotten(i1 %c, i1 %d) {
  %p = call ptr @malloc(i64 1000)
  store i64 5, ptr %p
  br i1 %c, label %go, label %done
go:
  %r = call ptr @malloc(i64 3000)
  store i64 1, ptr %r
  call void @free(ptr %r)
  br i1 %d, label %done, label %more
more:
  br label %done
done:
  %either = phi ptr [ %p, %0 ], [ null, %go ], [ %p, %more ]
  call void @free(ptr %either)
  ret i64 0
}
