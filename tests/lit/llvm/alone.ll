; A function that code outside of the module may call while it runs may have many frames; --whole-program says that there
; is no such code.
; RUN: %vmemopt analyze %s | FileCheck %s --check-prefix=MODULE
; RUN: %vmemopt analyze %s --whole-program | FileCheck %s --check-prefix=WHOLE
target triple = "x86_64-pc-linux-gnu"
declare ptr @malloc(i64)
declare void @free(ptr)
declare void @elsewhere()

; MODULE: kept: code that is not seen may call the function again: there may be many frames
; WHOLE: malloc, 8 bytes: to the stack
define void @callable() {
  %p = call ptr @malloc(i64 8)
  store i64 1, ptr %p
  call void @elsewhere()
  call void @free(ptr %p)
  ret void
}
