; Where the program reads addresses back, an address may also be told by what its bits choose: each digit is an element of a table,
; a character that a comparison selects or a branch leads to, or a small number that the library writes.
; DEFINE: %{told} = | %vmemopt opt --heaps --whole-program - -o - | FileCheck %s
; DEFINE: %{untold} = | %vmemopt opt --heaps --whole-program - -o - | FileCheck %s --check-prefix=UNTOLD --implicit-check-not=@vmr_heap_refill
; RUN: sed 's/^; TABLE: //' %s %{told}
; RUN: sed -e 's/^; TABLE: //' -e 's/i64 0, i64 %%index/i64 0, i64 %%narrow/' %s %{told}
; RUN: sed -e 's/^; TABLE: //' -e 's/@digits = internal constant/@digits = internal global/' %s %{told}
; RUN: sed -e 's/^; TABLE: //' -e 's/i64 0, i64 %%index/i64 0, i64 %%low/' %s %{told}
; RUN: sed 's/^; NAMES: //' %s %{told}
; RUN: sed 's/^; SELECT: //' %s %{told}
; RUN: sed 's/^; BRANCH: //' %s %{told}
; RUN: sed 's/^; SWITCH: //' %s %{told}
; RUN: sed 's/^; WRITTEN: //' %s %{told}
; RUN: sed 's/^; HALVES: //' %s %{told}
; RUN: sed 's/^; QUOTIENT: //' %s %{told}
; RUN: sed 's/^; BYTES: //' %s %{told}
; RUN: sed 's/^; VECTOR: //' %s %{told}
;
; Nothing is read back; the table is of pointers, as one that finds objects by a hash of their addresses; the element is not kept; the
; bits are of a tag; the number is no address.
; RUN: sed -e 's/^; TABLE: //' -e 's/inttoptr i64 %%n to ptr/load ptr, ptr @text/' -e 's/i64 @strtoul/i32 @strtoul/' -e '/%%n = /s/i64/i32/' %s %{untold}
; RUN: sed 's/^; HASHED: //' %s %{untold}
; RUN: sed -e 's/^; TABLE: //' -e 's/@digits = internal constant/@digits = internal global/' -e 's/store i8 %%digit/store i8 65/' %s %{untold}
; RUN: sed -e 's/^; BRANCH: //' -e 's/i64 %%moved/i64 %%a/' %s %{untold}
; RUN: sed -e 's/^; SELECT: //' -e 's/and i64 %%a, 64/and i64 %%a, 8/' %s %{untold}
; RUN: sed -e 's/^; SWITCH: //' -e 's/i64 %%index, label/i64 %%a, label/' %s %{untold}
; RUN: sed -e 's/^; TABLE: //' -e 's/ptrtoint ptr %%p to i64/load i64, ptr %%p/' %s %{untold}
target triple = "x86_64-pc-linux-gnu"

; CHECK: call {{.*}}ptr @vmr_heap_refill(ptr %{{.*}}, i64 16)
; CHECK: call void @vmr_heap_free(

; UNTOLD: @vmemopt.heap.0

@digits = internal constant [16 x i8] c"0123456789abcdef"
@names = internal constant [2 x ptr] [ptr @zero, ptr @one]
@zero = private constant [2 x i8] c"0\00"
@one = private constant [2 x i8] c"1\00"
@hex = private constant [5 x i8] c"%08x\00"
@text = internal global [64 x i8] zeroinitializer
@heads = internal global [64 x ptr] zeroinitializer
@kept = internal global ptr null
@last = internal global ptr null

declare ptr @malloc(i64)
declare void @free(ptr)
declare i64 @strtoul(ptr, ptr, i32)
declare ptr @strcat(ptr, ptr)
declare i32 @putchar(i32)
declare i32 @printf(ptr, ...)

; TABLE: define internal void @tell(ptr %p, i64 %by) noinline {
; TABLE:   %a = ptrtoint ptr %p to i64
; TABLE:   %moved = lshr i64 %a, %by
; TABLE:   %index = and i64 %moved, 15
; TABLE:   %short = trunc i64 %index to i32
; TABLE:   %narrow = zext i32 %short to i64
; TABLE:   %low = and i64 %a, 4080
; TABLE:   %place = getelementptr [16 x i8], ptr @digits, i64 0, i64 %index
; TABLE:   %digit = load i8, ptr %place
; TABLE:   store i8 %digit, ptr @text
; TABLE:   ret void
; TABLE: }

; NAMES: define internal void @tell(ptr %p, i64 %by) noinline {
; NAMES:   %a = ptrtoint ptr %p to i64
; NAMES:   %moved = lshr i64 %a, %by
; NAMES:   %index = and i64 %moved, 1
; NAMES:   %place = getelementptr [2 x ptr], ptr @names, i64 0, i64 %index
; NAMES:   %name = load ptr, ptr %place
; NAMES:   %t = call ptr @strcat(ptr @text, ptr %name)
; NAMES:   ret void
; NAMES: }

; HASHED: define internal void @tell(ptr %p, i64 %by) noinline {
; HASHED:   %a = ptrtoint ptr %p to i64
; HASHED:   %moved = lshr i64 %a, 4
; HASHED:   %index = and i64 %moved, 63
; HASHED:   %place = getelementptr [64 x ptr], ptr @heads, i64 0, i64 %index
; HASHED:   %first = load ptr, ptr %place
; HASHED:   store ptr %first, ptr @kept
; HASHED:   ret void
; HASHED: }

; SELECT: define internal void @tell(ptr %p, i64 %by) noinline {
; SELECT:   %a = ptrtoint ptr %p to i64
; SELECT:   %bit = and i64 %a, 64
; SELECT:   %unset = icmp eq i64 %bit, 0
; SELECT:   %digit = select i1 %unset, i8 48, i8 49
; SELECT:   store i8 %digit, ptr @text
; SELECT:   ret void
; SELECT: }

; BRANCH: define internal void @tell(ptr %p, i64 %by) noinline {
; BRANCH:   %a = ptrtoint ptr %p to i64
; BRANCH:   %moved = lshr i64 %a, %by
; BRANCH:   %bit = and i64 %moved, 1
; BRANCH:   %unset = icmp eq i64 %bit, 0
; BRANCH:   br i1 %unset, label %even, label %odd
; BRANCH: odd:
; BRANCH:   store i8 49, ptr @text
; BRANCH:   ret void
; BRANCH: even:
; BRANCH:   ret void
; BRANCH: }

; SWITCH: define internal void @tell(ptr %p, i64 %by) noinline {
; SWITCH:   %a = ptrtoint ptr %p to i64
; SWITCH:   %moved = lshr i64 %a, %by
; SWITCH:   %index = and i64 %moved, 15
; SWITCH:   switch i64 %index, label %other [i64 1, label %first]
; SWITCH: first:
; SWITCH:   store i8 49, ptr @text
; SWITCH:   ret void
; SWITCH: other:
; SWITCH:   ret void
; SWITCH: }

; WRITTEN: define internal void @tell(ptr %p, i64 %by) noinline {
; WRITTEN:   %a = ptrtoint ptr %p to i64
; WRITTEN:   %moved = lshr i64 %a, %by
; WRITTEN:   %short = trunc i64 %moved to i32
; WRITTEN:   %digit = and i32 %short, 7
; WRITTEN:   %character = or i32 %digit, 48
; WRITTEN:   %c = call i32 @putchar(i32 %character)
; WRITTEN:   ret void
; WRITTEN: }

; HALVES: define internal void @tell(ptr %p, i64 %by) noinline {
; HALVES:   %a = ptrtoint ptr %p to i64
; HALVES:   %low = trunc i64 %a to i32
; HALVES:   %c = call i32 (ptr, ...) @printf(ptr @hex, i32 %low)
; HALVES:   ret void
; HALVES: }

; QUOTIENT: define internal void @tell(ptr %p, i64 %by) noinline {
; QUOTIENT:   %a = ptrtoint ptr %p to i64
; QUOTIENT:   %low = trunc i64 %a to i32
; QUOTIENT:   %rest = urem i32 %low, 10
; QUOTIENT:   %digit = trunc i32 %rest to i8
; QUOTIENT:   store i8 %digit, ptr @text
; QUOTIENT:   ret void
; QUOTIENT: }

; BYTES: define internal void @tell(ptr %p, i64 %by) noinline {
; BYTES:   %own = alloca ptr
; BYTES:   store ptr %p, ptr %own
; BYTES:   %at = getelementptr i8, ptr %own, i64 %by
; BYTES:   %byte = load i8, ptr %at
; BYTES:   %index = zext i8 %byte to i32
; BYTES:   %c = call i32 (ptr, ...) @printf(ptr @hex, i32 %index)
; BYTES:   ret void
; BYTES: }

; VECTOR: define internal void @tell(ptr %p, i64 %by) noinline {
; VECTOR:   %a = ptrtoint ptr %p to i64
; VECTOR:   %one = insertelement <8 x i64> poison, i64 %a, i64 0
; VECTOR:   %all = shufflevector <8 x i64> %one, <8 x i64> poison, <8 x i32> zeroinitializer
; VECTOR:   %moved = lshr <8 x i64> %all, <i64 0, i64 8, i64 16, i64 24, i64 32, i64 40, i64 48, i64 56>
; VECTOR:   %bytes = trunc <8 x i64> %moved to <8 x i8>
; VECTOR:   store <8 x i8> %bytes, ptr @text
; VECTOR:   ret void
; VECTOR: }

define internal void @make() noinline {
  %p = call ptr @malloc(i64 16)
  store i64 1, ptr %p
  store ptr %p, ptr @last
  call void @tell(ptr %p, i64 4)
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
