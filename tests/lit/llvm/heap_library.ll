; What the library moves stays with malloc; what it puts a pointer into is known by that pointer, too.
; RUN: %vmemopt analyze --heaps --whole-program %s | FileCheck %s

; CHECK:      1 heap for 1 of 3 sites
; CHECK:      split, (no line)  malloc, 100 bytes
; CHECK:      with malloc
; CHECK-NEXT: lines, (no line)  malloc, 4 bytes: code that is not seen may free or keep it: it is handed to code that may keep it (getline)
; CHECK-NEXT: lines, (no line)  getline, size not known: objects of this function stay with malloc

@kept = internal global ptr null

declare noalias ptr @malloc(i64)
declare void @free(ptr)
declare i64 @getline(ptr, ptr, ptr)
declare ptr @strtok_r(ptr, ptr, ptr)

define void @lines(ptr %file) {
  %line = alloca ptr
  %room = alloca i64
  %buffer = call ptr @malloc(i64 4)
  store ptr %buffer, ptr %line
  store i64 4, ptr %room
  %got = call i64 @getline(ptr %line, ptr %room, ptr %file)
  %last = load ptr, ptr %line
  call void @free(ptr %last)
  ret void
}

define void @split(ptr %blank) {
  %save = alloca ptr
  %text = call ptr @malloc(i64 100)
  call void @llvm.memset.p0.i64(ptr %text, i8 97, i64 100, i1 false)
  %word = call ptr @strtok_r(ptr %text, ptr %blank, ptr %save)
  store ptr %word, ptr @kept
  ret void
}

define i32 @main(ptr %file) {
  call void @lines(ptr %file)
  call void @split(ptr %file)
  %p = load ptr, ptr @kept
  %c = load i8, ptr %p
  %i = zext i8 %c to i32
  ret i32 %i
}

declare void @llvm.memset.p0.i64(ptr, i8, i64, i1)
