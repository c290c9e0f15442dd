; What functions of the library do with what they get: wide characters, patterns, files, translations, checked functions.
; RUN: %vmemopt analyze %s | FileCheck %s
target triple = "x86_64-pc-linux-gnu"
declare ptr @malloc(i64)
declare void @free(ptr)
declare i64 @mbrtowc(ptr, ptr, i64, ptr)
declare i64 @mbstowcs(ptr, ptr, i64)
declare ptr @wcschr(ptr, i32)
declare i32 @iswalpha(i32)
declare i32 @regcomp(ptr, ptr, i32)
declare i32 @regexec(ptr, ptr, i64, ptr, i32)
declare void @regfree(ptr)
declare ptr @opendir(ptr)
declare i32 @closedir(ptr)
declare ptr @fopen64(ptr, ptr)
declare i32 @fcntl(i32, i32, ...)
declare i32 @fcntl64(i32, i32, ...)
declare i32 @execvp(ptr, ptr)
declare ptr @dcgettext(ptr, ptr, i32)
declare i32 @__overflow(ptr, i32)
declare i32 @__vsnprintf_chk(ptr, i64, i32, i64, ptr, ptr)
declare i32 @__asprintf_chk(ptr, i32, ptr, ...)
@message = private constant [3 x i8] c"ok\00"
@text = private constant [3 x i8] c"%d\00"

; CHECK: wide
; CHECK-NEXT: malloc, 64 bytes: to the stack
; CHECK-NEXT: malloc, 32 bytes: to the stack
define i32 @wide(ptr %name) {
  %from = call ptr @malloc(i64 64)
  %to = call ptr @malloc(i64 32)
  %a = call i64 @mbrtowc(ptr %to, ptr %from, i64 6, ptr null)
  %b = call i64 @mbstowcs(ptr %to, ptr %from, i64 8)
  %c = call ptr @wcschr(ptr %to, i32 65)
  %d = load i32, ptr %c
  %e = call i32 @iswalpha(i32 %d)
  call void @free(ptr %from)
  call void @free(ptr %to)
  ret i32 %e
}

; CHECK: patterns
; CHECK-NEXT: malloc, 64 bytes: to the stack
; CHECK-NEXT: malloc, 48 bytes: to the stack
define i32 @patterns() {
  %pattern = call ptr @malloc(i64 64)
  %words = call ptr @malloc(i64 48)
  %a = call i32 @regcomp(ptr %pattern, ptr %words, i32 0)
  %b = call i32 @regexec(ptr %pattern, ptr %words, i64 0, ptr null, i32 0)
  call void @regfree(ptr %pattern)
  call void @free(ptr %words)
  call void @free(ptr %pattern)
  ret i32 %b
}

; CHECK: files
; CHECK-NEXT: malloc, 40 bytes: to the stack
define i32 @files() {
  %name = call ptr @malloc(i64 40)
  %folder = call ptr @opendir(ptr %name)
  %a = call i32 @closedir(ptr %folder)
  %file = call ptr @fopen64(ptr %name, ptr %name)
  %b = call i32 @__overflow(ptr %file, i32 10)
  %c = call i32 (i32, i32, ...) @fcntl(i32 1, i32 5, ptr %name)
  %d = call i32 @execvp(ptr %name, ptr %name)
  %e = call i32 (i32, i32, ...) @fcntl64(i32 1, i32 5, ptr %name)
  call void @free(ptr %name)
  ret i32 %b
}

; CHECK: checked
; CHECK-NEXT: malloc, 40 bytes: to the stack
; CHECK-NEXT: __asprintf_chk, size not known: kept: objects of this function are not moved
define i32 @checked(ptr %list) {
  %place = alloca ptr
  %line = call ptr @malloc(i64 40)
  %n = call i32 @__vsnprintf_chk(ptr %line, i64 40, i32 1, i64 40, ptr @message, ptr %list)
  %m = call i32 (ptr, i32, ptr, ...) @__asprintf_chk(ptr %place, i32 1, ptr @text, i32 %n)
  %made = load ptr, ptr %place
  call void @free(ptr %made)
  call void @free(ptr %line)
  ret i32 %n
}

; A message is given back where there is no translation of it.
; CHECK: translated
; CHECK-NEXT: malloc, 40 bytes: kept: it is handed to code that may keep it (dcgettext)
define ptr @translated() {
  %message = call ptr @malloc(i64 40)
  %words = call ptr @dcgettext(ptr null, ptr %message, i32 5)
  call void @free(ptr %message)
  ret ptr %words
}

; None of them calls the program's functions: this one is not active twice.
; CHECK: once
; CHECK-NEXT: malloc, 24 bytes: to the stack
define i32 @once(ptr %message) {
  %p = call ptr @malloc(i64 24)
  %words = call ptr @dcgettext(ptr null, ptr %message, i32 5)
  store ptr %words, ptr %p
  %x = load i32, ptr %p
  call void @free(ptr %p)
  ret i32 %x
}
