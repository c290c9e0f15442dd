; Functions that somebody reaches by an ifunc, or by their distance to another function, are called by code that is not seen: what they
; hand out stays with malloc, and any thread may execute them.
; RUN: %vmemopt opt --heaps --whole-program %s -o %t.ll --text | FileCheck %s --check-prefix=TEXT
; RUN: FileCheck %s < %t.ll
; RUN: sed '/@made/d; s/ptr %b/ptr null/' %s > %t.far.ll
; RUN: %vmemopt opt --heaps --whole-program %t.far.ll -o %t.out.ll --text | FileCheck %s --check-prefix=FAR
; RUN: sed '/^@[dm]/d; /@made()/d; s/ptr %b/ptr null/' %s > %t.plain.ll
; RUN: %vmemopt opt --heaps --whole-program %t.plain.ll -o - | FileCheck %s --check-prefix=SERVED
target triple = "x86_64-pc-linux-gnu"

@distance = internal constant i32 trunc (i64 sub (i64 ptrtoint (ptr @far to i64), i64 ptrtoint (ptr @main to i64)) to i32)
@made = internal ifunc ptr (), ptr @resolve

@hash = internal global i32 0

declare ptr @malloc(i64)
declare void @free(ptr)

; TEXT: near, (no line)  malloc, 2000 bytes: code that is not seen may free or keep it
; FAR: near, (no line)  malloc, 2000 bytes{{$}}
; FAR: with malloc
; FAR: far, (no line)  malloc, 3000 bytes: code that is not seen may free or keep it
; TEXT: far, (no line)  malloc, 3000 bytes: code that is not seen may free or keep it
; CHECK-LABEL: define internal ptr @near(
; CHECK: call ptr @malloc(i64 2000)
; CHECK-LABEL: define internal ptr @far(
; CHECK: call ptr @malloc(i64 3000)
; SERVED-NOT: call ptr @malloc(
define internal ptr @near() noinline {
  %p = call ptr @malloc(i64 2000)
  ret ptr %p
}
define internal ptr @far() noinline {
  %p = call ptr @malloc(i64 3000)
  ret ptr %p
}
define internal ptr @resolve() {
  ret ptr @near
}

; A number made of an address, as for a seed of hashes, is no distance.
; FAR-NOT: seeded
define internal ptr @seeded() noinline {
  %p = call ptr @malloc(i64 4000)
  ret ptr %p
}

define i32 @main() {
  %d = call ptr @seeded()
  %x = load i32, ptr %d
  call void @free(ptr %d)
  %seed = xor i64 ptrtoint (ptr @seeded to i64), 12345
  %low = trunc i64 %seed to i32
  %odd = icmp eq i32 %low, %x
  %z = zext i1 %odd to i32
  store volatile i32 %z, ptr @hash
  %a = call ptr @near()
  store i32 7, ptr %a
  call void @free(ptr %a)
  %b = call ptr @made()
  call void @free(ptr %b)
  %c = call ptr @far()
  store i32 7, ptr %c
  call void @free(ptr %c)
  ret i32 0
}
