; Further arguments are found by the addresses in a va_list, whose other words are numbers where the machine is known.
; RUN: %structures %s | FileCheck %s
; RUN: sed s/x86_64-pc/aarch64-pc/ %s > %t.ll
; RUN: %structures %t.ll | FileCheck %s --check-prefix=OTHER
target triple = "x86_64-pc-linux-gnu"

declare ptr @malloc(i64)
declare void @free(ptr)
declare void @llvm.va_start.p0(ptr)

; CHECK: node [[TAKEN:[0-9]+]]: structure {{[0-9]+}}, 16 bytes, freed, local to main
; CHECK: node [[NEXT:[0-9]+]]: structure {{[0-9]+}}, 24 bytes, freed, local to main
; CHECK: node [[HIGH:[0-9]+]]: structure {{[0-9]+}}, 32 bytes, freed, local to main
; CHECK: node [[INSIDE:[0-9]+]]: structure {{[0-9]+}}, 40 bytes, freed, local to main
; OTHER: 16 bytes, align 16, hidden

; The offset into the area of registers is moved on.
; CHECK: free in take: nodes [[TAKEN]]
define internal void @take(i32 %n, ...) {
  %list = alloca [24 x i8]
  call void @llvm.va_start.p0(ptr %list)
  %offset = load i32, ptr %list
  %further = add i32 %offset, 8
  store i32 %further, ptr %list
  %field = getelementptr i8, ptr %list, i64 16
  %area = load ptr, ptr %field
  %distance = zext i32 %offset to i64
  %slot = getelementptr i8, ptr %area, i64 %distance
  %p = load ptr, ptr %slot
  call void @free(ptr %p)
  ret void
}

; What is on the stack.
; CHECK: free in take_next: nodes [[NEXT]]
define internal void @take_next(i32 %n, ...) {
  %list = alloca [24 x i8]
  call void @llvm.va_start.p0(ptr %list)
  %field = getelementptr i8, ptr %list, i64 8
  %area = load ptr, ptr %field
  %p = load ptr, ptr %area
  %after = getelementptr i8, ptr %area, i64 8
  store ptr %after, ptr %field
  call void @free(ptr %p)
  ret void
}

; By another convention the list is the address of the next argument.
; CHECK: free in take_high: nodes [[HIGH]]
define internal win64cc void @take_high(i32 %n, ...) {
  %list = alloca ptr
  call void @llvm.va_start.p0(ptr %list)
  %area = load ptr, ptr %list
  %p = load ptr, ptr %area
  call void @free(ptr %p)
  ret void
}

; Bytes of an object that is handed over as it is are arguments, too.
; CHECK: free in take_bytes: nodes [[INSIDE]]
define internal void @take_bytes(i32 %n, ...) {
  %list = alloca [24 x i8]
  call void @llvm.va_start.p0(ptr %list)
  %field = getelementptr i8, ptr %list, i64 8
  %area = load ptr, ptr %field
  %second = getelementptr i8, ptr %area, i64 8
  %p = load ptr, ptr %second
  call void @free(ptr %p)
  ret void
}

define i32 @main() {
  %taken = call ptr @malloc(i64 16)
  call void (i32, ...) @take(i32 1, ptr %taken)
  %next = call ptr @malloc(i64 24)
  call void (i32, ...) @take_next(i32 1, ptr %next)
  %high = call ptr @malloc(i64 32)
  call win64cc void (i32, ...) @take_high(i32 1, ptr %high)
  %pair = alloca [2 x i64]
  %inside = call ptr @malloc(i64 40)
  %there = getelementptr i8, ptr %pair, i64 8
  store ptr %inside, ptr %there
  call void (i32, ...) @take_bytes(i32 1, ptr byval([2 x i64]) %pair)
  ret i32 0
}
