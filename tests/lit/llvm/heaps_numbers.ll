; Addresses that become quotients, remainders, numbers with fractions or text may be made pointers again: as with other parts
; of addresses, their objects have lists, and so has whatever the program may store by such a pointer.
; RUN: split-file %s %t
; RUN: %vmemopt opt --heaps --whole-program %t/quotient.ll -o - | FileCheck %s
; RUN: %vmemopt opt --heaps --whole-program %t/remainder.ll -o - | FileCheck %s
; RUN: %vmemopt opt --heaps --whole-program %t/fraction.ll -o - | FileCheck %s
; RUN: %vmemopt opt --heaps --whole-program %t/text.ll -o - | FileCheck %s
; RUN: %vmemopt opt --heaps --whole-program %t/digits.ll -o - | FileCheck %s
; RUN: %vmemopt opt --heaps --whole-program %t/variable.ll -o - | FileCheck %s
; RUN: %vmemopt opt --heaps --whole-program %t/punned.ll -o - | FileCheck %s
; RUN: sed -e 's/i64 @strtoul/i32 @strtoul/' -e 's/store i64 %%n/store i32 %%n/' %t/punned.ll > %t.short.ll
; RUN: %vmemopt opt --heaps --whole-program %t.short.ll -o - | FileCheck %s --check-prefix=UNREAD --implicit-check-not=@vmr_heap_refill
; RUN: sed 's/store i64 %%n, /%%cut = trunc i64 %%n to i32\n  store i32 %%cut, /' %t/punned.ll > %t.cut.ll
; RUN: %vmemopt opt --heaps --whole-program %t.cut.ll -o - | FileCheck %s --check-prefix=UNREAD --implicit-check-not=@vmr_heap_refill
; RUN: %vmemopt opt --heaps --whole-program %t/wrapper.ll -o - | FileCheck %s
; RUN: %vmemopt opt --heaps --whole-program %t/list.ll -o - | FileCheck %s
; RUN: sed 's/%%p/%%s/' %t/wrapper.ll > %t.told.ll
; RUN: %vmemopt opt --heaps --whole-program %t.told.ll -o - | FileCheck %s --check-prefix=UNREAD --implicit-check-not=@vmr_heap_refill
; RUN: %vmemopt opt --heaps --whole-program %t/unread.ll -o - | FileCheck %s --check-prefix=UNREAD --implicit-check-not=@vmr_heap_refill
; RUN: %vmemopt opt --heaps --whole-program %t/sum.ll -o - | FileCheck %s --check-prefix=UNREAD --implicit-check-not=@vmr_heap_refill
; RUN: %vmemopt opt --heaps --whole-program %t/stored.ll -o - | FileCheck %s --check-prefix=STORED
; RUN: sed 's/^; LINES: //' %t/stored.ll > %t.lines.ll
; RUN: %vmemopt opt --heaps --whole-program %t.lines.ll -o - | FileCheck %s --check-prefix=STAYS
; RUN: sed 's/^; LINES: //' %t/bytes.ll > %t.bytes.ll
; RUN: %vmemopt opt --heaps --whole-program %t.bytes.ll -o - | FileCheck %s --check-prefix=STAYS
; RUN: sed 's/^; LINES: //' %t/halves.ll > %t.halves.ll
; RUN: %vmemopt opt --heaps --whole-program %t.halves.ll -o - | FileCheck %s --check-prefix=STAYS
; RUN: sed 's/^; LINES: //' %t/joined.ll > %t.joined.ll
; RUN: %vmemopt opt --heaps --whole-program %t.joined.ll -o - | FileCheck %s --check-prefix=STAYS
; RUN: sed 's/^; LINES: //' %t/received.ll > %t.received.ll
; RUN: %vmemopt opt --heaps --whole-program %t.received.ll -o - | FileCheck %s --check-prefix=STAYS

; CHECK: call {{.*}}ptr @vmr_heap_refill(ptr %{{.*}}, i64 16)
; CHECK: call void @vmr_heap_free(

; UNREAD: @vmemopt.heap.0

; What is stored by the number may be reached by whoever has the pointer.
; STORED-NOT: @vmr_bump
; STORED-LABEL: define internal void @extend(
; STORED: call {{.*}}ptr @vmr_heap_refill(ptr %{{.*}}, i64 24)

; Where getline might free it, it stays with malloc.
; STAYS-LABEL: define internal void @extend(
; STAYS: call ptr @malloc(i64 24)

;--- quotient.ll
target triple = "x86_64-pc-linux-gnu"
@kept = internal global i64 0
declare ptr @malloc(i64)
declare void @free(ptr)
define internal void @make() noinline {
  %p = call ptr @malloc(i64 16)
  store i64 1, ptr %p
  %n = ptrtoint ptr %p to i64
  %q = sdiv i64 %n, 8
  store i64 %q, ptr @kept
  ret void
}
define i32 @main() {
  call void @make()
  call void @make()
  %q = load i64, ptr @kept
  %n = mul i64 %q, 8
  %p = inttoptr i64 %n to ptr
  call void @free(ptr %p)
  ret i32 0
}

;--- remainder.ll
target triple = "x86_64-pc-linux-gnu"
@low = internal global i32 0
@high = internal global i32 0
declare ptr @malloc(i64)
declare void @free(ptr)
define internal void @make() noinline {
  %p = call ptr @malloc(i64 16)
  store i64 1, ptr %p
  %n = ptrtoint ptr %p to i64
  %q = udiv i64 %n, 1000000000
  %r = urem i64 %n, 1000000000
  %h = trunc i64 %q to i32
  %l = trunc i64 %r to i32
  store i32 %h, ptr @high
  store i32 %l, ptr @low
  ret void
}
define i32 @main() {
  call void @make()
  call void @make()
  %h = load i32, ptr @high
  %l = load i32, ptr @low
  %q = zext i32 %h to i64
  %r = zext i32 %l to i64
  %m = mul i64 %q, 1000000000
  %n = add i64 %m, %r
  %p = inttoptr i64 %n to ptr
  call void @free(ptr %p)
  ret i32 0
}

;--- fraction.ll
target triple = "x86_64-pc-linux-gnu"
@kept = internal global double 0.0
declare ptr @malloc(i64)
declare void @free(ptr)
define internal void @make() noinline {
  %p = call ptr @malloc(i64 16)
  store i64 1, ptr %p
  %n = ptrtoint ptr %p to i64
  %d = uitofp i64 %n to double
  store double %d, ptr @kept
  ret void
}
define i32 @main() {
  call void @make()
  call void @make()
  %d = load double, ptr @kept
  %n = fptoui double %d to i64
  %p = inttoptr i64 %n to ptr
  call void @free(ptr %p)
  ret i32 0
}

;--- text.ll
target triple = "x86_64-pc-linux-gnu"
@format = internal constant [3 x i8] c"%p\00"
@text = internal global [40 x i8] zeroinitializer
declare ptr @malloc(i64)
declare void @free(ptr)
declare i32 @sprintf(ptr, ptr, ...)
declare i32 @sscanf(ptr, ptr, ...)
define internal void @make() noinline {
  %p = call ptr @malloc(i64 16)
  store i64 1, ptr %p
  call i32 (ptr, ptr, ...) @sprintf(ptr @text, ptr @format, ptr %p)
  ret void
}
define i32 @main() {
  %slot = alloca ptr
  call void @make()
  call void @make()
  call i32 (ptr, ptr, ...) @sscanf(ptr @text, ptr @format, ptr %slot)
  %p = load ptr, ptr %slot
  call void @free(ptr %p)
  ret i32 0
}

;--- digits.ll
target triple = "x86_64-pc-linux-gnu"
@format = internal constant [4 x i8] c"%lx\00"
@text = internal global [40 x i8] zeroinitializer
declare ptr @malloc(i64)
declare void @free(ptr)
declare i32 @sprintf(ptr, ptr, ...)
declare i64 @strtoul(ptr, ptr, i32)
define internal void @make() noinline {
  %p = call ptr @malloc(i64 16)
  store i64 1, ptr %p
  %n = ptrtoint ptr %p to i64
  call i32 (ptr, ptr, ...) @sprintf(ptr @text, ptr @format, i64 %n)
  ret void
}
define i32 @main() {
  call void @make()
  call void @make()
  %n = call i64 @strtoul(ptr @text, ptr null, i32 16)
  %p = inttoptr i64 %n to ptr
  call void @free(ptr %p)
  ret i32 0
}

; The number is printed from a variable.
;--- variable.ll
target triple = "x86_64-pc-linux-gnu"
@format = internal constant [4 x i8] c"%lx\00"
@text = internal global [40 x i8] zeroinitializer
declare ptr @malloc(i64)
declare void @free(ptr)
declare i32 @sprintf(ptr, ptr, ...)
declare i64 @strtoul(ptr, ptr, i32)
define internal void @make() noinline {
  %variable = alloca i64
  %p = call ptr @malloc(i64 16)
  store i64 1, ptr %p
  %n = ptrtoint ptr %p to i64
  store i64 %n, ptr %variable
  %m = load i64, ptr %variable
  call i32 (ptr, ptr, ...) @sprintf(ptr @text, ptr @format, i64 %m)
  ret void
}
define i32 @main() {
  call void @make()
  call void @make()
  %n = call i64 @strtoul(ptr @text, ptr null, i32 16)
  %p = inttoptr i64 %n to ptr
  call void @free(ptr %p)
  ret i32 0
}

; The number that is read becomes a pointer in memory, as in a union; an `int` has no room for one, nor has the lower half, which is all
; that is used where clang calls strtol for atoi.
;--- punned.ll
target triple = "x86_64-pc-linux-gnu"
@format = internal constant [3 x i8] c"%p\00"
@text = internal global [40 x i8] zeroinitializer
@either = internal global i64 0
declare ptr @malloc(i64)
declare void @free(ptr)
declare i32 @sprintf(ptr, ptr, ...)
declare i64 @strtoul(ptr, ptr, i32)
define internal void @make() noinline {
  %p = call ptr @malloc(i64 16)
  store i64 1, ptr %p
  call i32 (ptr, ptr, ...) @sprintf(ptr @text, ptr @format, ptr %p)
  ret void
}
define i32 @main() {
  call void @make()
  call void @make()
  %n = call i64 @strtoul(ptr @text, ptr null, i32 16)
  store i64 %n, ptr @either
  %p = load ptr, ptr @either
  call void @free(ptr %p)
  ret i32 0
}

; A function of the program prints what it is given, by the text that it is given; with another text, the address is none.
;--- wrapper.ll
target triple = "x86_64-pc-linux-gnu"
@format = internal constant [3 x i8] c"%p\00"
@read = internal constant [3 x i8] c"%\70\00"
@text = internal global [40 x i8] zeroinitializer
declare ptr @malloc(i64)
declare void @free(ptr)
declare i32 @vsprintf(ptr, ptr, ptr)
declare i32 @sscanf(ptr, ptr, ...)
declare void @llvm.va_start.p0(ptr)
declare void @llvm.va_end.p0(ptr)
define internal void @tell(ptr %to, ptr %format, ...) noinline {
  %list = alloca [24 x i8], align 16
  call void @llvm.va_start.p0(ptr %list)
  call i32 @vsprintf(ptr %to, ptr %format, ptr %list)
  call void @llvm.va_end.p0(ptr %list)
  ret void
}
define internal void @make() noinline {
  %p = call ptr @malloc(i64 16)
  store i64 1, ptr %p
  call void (ptr, ptr, ...) @tell(ptr @text, ptr @format, ptr %p)
  ret void
}
define i32 @main() {
  %slot = alloca ptr
  call void @make()
  call void @make()
  call i32 (ptr, ptr, ...) @sscanf(ptr @text, ptr @read, ptr %slot)
  %p = load ptr, ptr %slot
  call void @free(ptr %p)
  ret i32 0
}

; The text of such a list is not known.
;--- list.ll
target triple = "x86_64-pc-linux-gnu"
@format = internal constant [3 x i8] c"%p\00"
@text = internal global [40 x i8] zeroinitializer
declare ptr @malloc(i64)
declare void @free(ptr)
declare i32 @vsprintf(ptr, ptr, ptr)
declare i32 @sscanf(ptr, ptr, ...)
declare void @llvm.va_start.p0(ptr)
declare void @llvm.va_end.p0(ptr)
define internal void @tell_list(ptr %to, ptr %format, ptr %list) noinline {
  call i32 @vsprintf(ptr %to, ptr %format, ptr %list)
  ret void
}
define internal void @tell(ptr %to, ptr %format, ...) noinline {
  %list = alloca [24 x i8], align 16
  call void @llvm.va_start.p0(ptr %list)
  call void @tell_list(ptr %to, ptr %format, ptr %list)
  call void @llvm.va_end.p0(ptr %list)
  ret void
}
define internal void @make() noinline {
  %p = call ptr @malloc(i64 16)
  store i64 1, ptr %p
  call void (ptr, ptr, ...) @tell(ptr @text, ptr @format, ptr %p)
  ret void
}
define i32 @main() {
  %slot = alloca ptr
  call void @make()
  call void @make()
  call i32 (ptr, ptr, ...) @sscanf(ptr @text, ptr @format, ptr %slot)
  %p = load ptr, ptr %slot
  call void @free(ptr %p)
  ret i32 0
}

; Nothing reads the text as an address.
;--- unread.ll
target triple = "x86_64-pc-linux-gnu"
@format = internal constant [4 x i8] c"%p\0A\00"
@held = internal global ptr null
declare ptr @malloc(i64)
declare i32 @printf(ptr, ...)
define i32 @main() {
  %p = call ptr @malloc(i64 16)
  store i64 1, ptr %p
  store ptr %p, ptr @held
  call i32 (ptr, ...) @printf(ptr @format, ptr %p)
  ret i32 0
}

; Small numbers that are summed up and divided: no pointer of the object is among them.
;--- sum.ll
target triple = "x86_64-pc-linux-gnu"
@held = internal global ptr null
@mean = internal global i64 0
declare ptr @malloc(i64)
define i32 @main(i32 %count, ptr %arguments) {
  %p = call ptr @malloc(i64 24)
  %other = call ptr @malloc(i64 24)
  store ptr %other, ptr %p
  store ptr %p, ptr @held
  br label %loop
loop:
  %i = phi i64 [ 0, %0 ], [ %next, %loop ]
  %sum = phi i64 [ 0, %0 ], [ %more, %loop ]
  %at = getelementptr i8, ptr %p, i64 %i
  %byte = load i8, ptr %at
  %wide = zext i8 %byte to i64
  %more = add i64 %sum, %wide
  %next = add i64 %i, 1
  %end = icmp eq i64 %next, 24
  br i1 %end, label %done, label %loop
done:
  %m = sdiv i64 %more, 24
  store i64 %m, ptr @mean
  ret i32 0
}

;--- stored.ll
target triple = "x86_64-pc-linux-gnu"
; LINES: declare i64 @getline(ptr, ptr, ptr)
@held = internal global ptr null
@kept = internal global i64 0
declare ptr @malloc(i64)
declare void @free(ptr)
define internal void @make() noinline {
  %p = call ptr @malloc(i64 16)
  store ptr null, ptr %p
  store ptr %p, ptr @held
  %n = ptrtoint ptr %p to i64
  %q = sdiv i64 %n, 8
  store i64 %q, ptr @kept
  ret void
}
define internal void @extend() noinline {
  %q = load i64, ptr @kept
  %n = mul i64 %q, 8
  %p = inttoptr i64 %n to ptr
  %more = call ptr @malloc(i64 24)
  store ptr %more, ptr %p
  ret void
}
define i32 @main() {
  call void @make()
  call void @extend()
  call void @extend()
  %p = load ptr, ptr @held
  %more = load ptr, ptr %p
  %x = load i8, ptr %more
  %r = zext i8 %x to i32
  ret i32 %r
}

; A pointer is put together of its bytes.
;--- bytes.ll
target triple = "x86_64-pc-linux-gnu"
; LINES: declare i64 @getline(ptr, ptr, ptr)
@held = internal global ptr null
@kept = internal global [8 x i8] zeroinitializer
declare ptr @malloc(i64)
define internal void @copy(ptr %to, ptr %from) noinline {
  br label %loop
loop:
  %i = phi i64 [ 0, %0 ], [ %next, %loop ]
  %source = getelementptr i8, ptr %from, i64 %i
  %byte = load i8, ptr %source
  %other = xor i8 %byte, 90
  %target = getelementptr i8, ptr %to, i64 %i
  store i8 %other, ptr %target
  %next = add i64 %i, 1
  %end = icmp eq i64 %next, 8
  br i1 %end, label %done, label %loop
done:
  ret void
}
define internal void @make() noinline {
  %slot = alloca ptr
  %p = call ptr @malloc(i64 16)
  store ptr null, ptr %p
  store ptr %p, ptr @held
  store ptr %p, ptr %slot
  call void @copy(ptr @kept, ptr %slot)
  ret void
}
define internal void @extend() noinline {
  %slot = alloca ptr
  call void @copy(ptr %slot, ptr @kept)
  %p = load ptr, ptr %slot
  %more = call ptr @malloc(i64 24)
  store ptr %more, ptr %p
  ret void
}
define i32 @main() {
  call void @make()
  call void @extend()
  call void @extend()
  %p = load ptr, ptr @held
  %more = load ptr, ptr %p
  %x = load i8, ptr %more
  %r = zext i8 %x to i32
  ret i32 %r
}

; Both halves are copied at once.
;--- halves.ll
target triple = "x86_64-pc-linux-gnu"
; LINES: declare i64 @getline(ptr, ptr, ptr)
@held = internal global ptr null
@kept = internal global [2 x i32] zeroinitializer
declare ptr @malloc(i64)
define internal void @make() noinline {
  %p = call ptr @malloc(i64 16)
  store ptr null, ptr %p
  store ptr %p, ptr @held
  %n = ptrtoint ptr %p to i64
  %l = trunc i64 %n to i32
  %s = lshr i64 %n, 32
  %h = trunc i64 %s to i32
  store i32 %l, ptr @kept, !tbaa !0
  store i32 %h, ptr getelementptr (i8, ptr @kept, i64 4), !tbaa !0
  ret void
}
define internal void @extend() noinline {
  %slot = alloca ptr
  %halves = load <2 x i32>, ptr @kept, !tbaa !0
  store <2 x i32> %halves, ptr %slot
  %p = load ptr, ptr %slot
  %more = call ptr @malloc(i64 24)
  store ptr %more, ptr %p
  ret void
}
define i32 @main() {
  call void @make()
  call void @extend()
  call void @extend()
  %p = load ptr, ptr @held
  %more = load ptr, ptr %p
  %x = load i8, ptr %more
  %r = zext i8 %x to i32
  ret i32 %r
}
!0 = !{!1, !1, i64 0}
!1 = !{!"int", !2, i64 0}
!2 = !{!"omnipotent char", !3, i64 0}
!3 = !{!"Simple C/C++ TBAA"}

; They are put together as a number, which is stored where a pointer is read.
;--- joined.ll
target triple = "x86_64-pc-linux-gnu"
; LINES: declare i64 @getline(ptr, ptr, ptr)
@held = internal global ptr null
@low = internal global i32 0
@high = internal global i32 0
declare ptr @malloc(i64)
define internal void @make() noinline {
  %p = call ptr @malloc(i64 16)
  store ptr null, ptr %p
  store ptr %p, ptr @held
  %n = ptrtoint ptr %p to i64
  %l = trunc i64 %n to i32
  %s = lshr i64 %n, 32
  %h = trunc i64 %s to i32
  store i32 %l, ptr @low, !tbaa !0
  store i32 %h, ptr @high, !tbaa !0
  ret void
}
define internal void @extend() noinline {
  %slot = alloca ptr
  %l = load i32, ptr @low, !tbaa !0
  %h = load i32, ptr @high, !tbaa !0
  %a = zext i32 %l to i64
  %b = zext i32 %h to i64
  %c = shl i64 %b, 32
  %n = or i64 %c, %a
  store i64 %n, ptr %slot
  %p = load ptr, ptr %slot
  %more = call ptr @malloc(i64 24)
  store ptr %more, ptr %p
  ret void
}
define i32 @main() {
  call void @make()
  call void @extend()
  call void @extend()
  %p = load ptr, ptr @held
  %more = load ptr, ptr %p
  %x = load i8, ptr %more
  %r = zext i8 %x to i32
  ret i32 %r
}
!0 = !{!1, !1, i64 0}
!1 = !{!"int", !2, i64 0}
!2 = !{!"omnipotent char", !3, i64 0}
!3 = !{!"Simple C/C++ TBAA"}

; One is read from a pipe.
;--- received.ll
target triple = "x86_64-pc-linux-gnu"
; LINES: declare i64 @getline(ptr, ptr, ptr)
@held = internal global ptr null
declare ptr @malloc(i64)
declare i64 @read(i32, ptr, i64)
declare i64 @write(i32, ptr, i64)
define internal void @make() noinline {
  %slot = alloca ptr
  %p = call ptr @malloc(i64 16)
  store ptr null, ptr %p
  store ptr %p, ptr @held
  store ptr %p, ptr %slot
  %n = call i64 @write(i32 4, ptr %slot, i64 8)
  ret void
}
define internal void @extend() noinline {
  %slot = alloca ptr
  %n = call i64 @read(i32 3, ptr %slot, i64 8)
  %p = load ptr, ptr %slot
  %more = call ptr @malloc(i64 24)
  store ptr %more, ptr %p
  ret void
}
define i32 @main() {
  call void @make()
  call void @extend()
  call void @extend()
  %p = load ptr, ptr @held
  %more = load ptr, ptr %p
  %x = load i8, ptr %more
  %r = zext i8 %x to i32
  ret i32 %r
}
