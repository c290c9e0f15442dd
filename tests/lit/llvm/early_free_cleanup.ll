; Before a block that frees everything, a phi of an object and null stands for the object; a phi of what is left to free
; takes its place.
; RUN: %vmemopt opt %s --max-stack=16 -o - | FileCheck %s
target triple = "x86_64-pc-linux-gnu"

declare ptr @malloc(i64)
declare ptr @calloc(i64, i64)
declare void @free(ptr)
declare i64 @strlen(ptr)
@global = external global ptr

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

; The last use stands where the object may not have been made: what the free had frees there, too.
; CHECK-LABEL: define i64 @maybe_made(
; CHECK: join:
; CHECK-NEXT: %[[P:.*]] = phi ptr [ null, %0 ], [ %m, %make ]
; CHECK-NEXT: %x = call i64 @strlen(ptr %[[P]])
; CHECK-NEXT: call void @free(ptr %[[P]])
; CHECK-NEXT: call ptr @malloc(i64 5000)
; CHECK-NOT: call void @free(ptr %[[P]])
; CHECK: ret i64
define i64 @maybe_made(i1 %wanted) {
  br i1 %wanted, label %make, label %join
make:
  %m = call ptr @malloc(i64 4000)
  store i8 0, ptr %m
  br label %join
join:
  %p = phi ptr [ null, %0 ], [ %m, %make ]
  %x = call i64 @strlen(ptr %p)
  %q = call ptr @malloc(i64 5000)
  store ptr %q, ptr @global
  %none = icmp eq ptr %p, null
  br i1 %none, label %end, label %drop
drop:
  call void @free(ptr %p)
  br label %end
end:
  ret i64 %x
}

; In a loop, freed in the round after: the use comes before the next is made.
; CHECK-LABEL: define void @round_after(
; CHECK: loop:
; CHECK-NEXT: %[[OLD:.*]] = phi ptr [ null, %0 ], [ %m, %next ]
; CHECK: %x = call i64 @strlen(ptr %[[OLD]])
; CHECK-NEXT: call void @free(ptr %[[OLD]])
; CHECK: out:
; CHECK-NEXT: call void @free(ptr %m)
define void @round_after(i64 %n) {
  br label %loop
loop:
  %old = phi ptr [ null, %0 ], [ %m, %next ]
  %i = phi i64 [ 0, %0 ], [ %i1, %next ]
  %x = call i64 @strlen(ptr %old)
  %q = call ptr @malloc(i64 5000)
  store ptr %q, ptr @global
  call void @free(ptr %old)
  %m = call ptr @malloc(i64 4000)
  store i8 0, ptr %m
  br label %next
next:
  %i1 = add i64 %i, 1
  %again = icmp slt i64 %i1, %n
  br i1 %again, label %loop, label %out
out:
  call void @free(ptr %m)
  ret void
}

; A phi that is read when the next object has been made means the one before: its free is not that of the new one.
; CHECK-LABEL: define void @freed_when_the_next_is_made(
; CHECK: %next = call ptr @malloc(i64 3000)
; CHECK-NOT: @free
; CHECK: made:
; CHECK-NEXT: %q = call ptr @malloc(i64 5000)
; CHECK-NEXT: store ptr %q, ptr @global
; CHECK-NEXT: call void @free(ptr %last)
define void @freed_when_the_next_is_made(i64 %n, i64 %m) {
entry:
  br label %loop
loop:
  %last = phi ptr [ null, %entry ], [ %next, %made ]
  %i = phi i64 [ 0, %entry ], [ %more, %made ]
  %early = icmp eq i64 %i, %m
  br i1 %early, label %out, label %go
go:
  %next = call ptr @malloc(i64 3000)
  store i64 1, ptr %next
  br label %made
made:
  %q = call ptr @malloc(i64 5000)
  store ptr %q, ptr @global
  call void @free(ptr %last)
  %more = add i64 %i, 1
  %enough = icmp eq i64 %i, %n
  br i1 %enough, label %out, label %loop
out:
  %rest = phi ptr [ %last, %loop ], [ %next, %made ]
  call void @free(ptr %rest)
  ret void
}

; One that is read before it means it: the free moves up.
; CHECK-LABEL: define void @freed_before_the_next_is_made(
; CHECK: store i64 1, ptr %next
; CHECK-NEXT: call void @free(ptr %next)
; CHECK-NEXT: %r = call ptr @malloc(i64 5000)
define void @freed_before_the_next_is_made(i64 %n) {
entry:
  br label %loop
loop:
  %last = phi ptr [ null, %entry ], [ %next, %loop ]
  %i = phi i64 [ 0, %entry ], [ %more, %loop ]
  %q = call ptr @malloc(i64 5000)
  store ptr %q, ptr @global
  call void @free(ptr %last)
  %next = call ptr @malloc(i64 3000)
  store i64 1, ptr %next
  %r = call ptr @malloc(i64 5000)
  store ptr %r, ptr @global
  %more = add i64 %i, 1
  %enough = icmp eq i64 %i, %n
  br i1 %enough, label %out, label %loop
out:
  call void @free(ptr %next)
  ret void
}
