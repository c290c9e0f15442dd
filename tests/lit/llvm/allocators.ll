; Allocators besides malloc: those that store the address, copy, grow by a product, and those that are known by attributes.
; RUN: %vmemopt opt %s -o %t.ll --text --json=%t.json | FileCheck %s --check-prefix=TEXT
; RUN: %validate %t.json
; RUN: FileCheck %s < %t.ll
target triple = "x86_64-pc-linux-gnu"

declare i32 @posix_memalign(ptr, i64, i64)
declare ptr @strndup(ptr, i64)
declare ptr @malloc(i64)
declare ptr @realloc(ptr, i64)
declare ptr @reallocarray(ptr, i64, i64)
declare i64 @getline(ptr, ptr, ptr)
declare ptr @strtok_r(ptr, ptr, ptr)
declare ptr @strsep(ptr, ptr)
declare void @free(ptr)
declare i32 @puts(ptr)
declare i64 @strtol(ptr, ptr, i32)
declare noalias ptr @get(i64) allockind("alloc,uninitialized") allocsize(0)
declare noalias ptr @get_zeroes(i64, i64) allockind("alloc,zeroed") allocsize(0,1)
declare noalias align 64 ptr @get_lines(i64) allockind("alloc,uninitialized") allocsize(0)
declare void @put(ptr allocptr) allockind("free")
declare noalias ptr @fetch(ptr, i64) allocsize(1)
@global = external global ptr

; TEXT: aligned
; TEXT-NEXT: posix_memalign, 40 bytes: to the stack
; CHECK-LABEL: define i32 @aligned(
; CHECK: %[[SLOT:.*]] = alloca [48 x i8], align 64
; CHECK: store ptr %[[SLOT]], ptr %place
; CHECK-NOT: call i32 @posix_memalign
; CHECK-NOT: call void @free
; CHECK: ret i32 %x
define i32 @aligned() {
  %place = alloca ptr
  %failed = call i32 @posix_memalign(ptr %place, i64 64, i64 40)
  %p = load ptr, ptr %place
  %x = load i32, ptr %p
  call void @free(ptr %p)
  ret i32 %x
}

; On the stack where it fits; the answer tells of success.
; TEXT: aligned_of_any_size
; TEXT-NEXT: posix_memalign, size argument 1: to the stack, where it fits 1024 bytes
; CHECK-LABEL: define i32 @aligned_of_any_size(
; CHECK: icmp ule i64 %n, 1024
; CHECK: store ptr %vmemopt.slot, ptr %place
; CHECK: call i32 @posix_memalign(ptr %place, i64 16, i64 %n)
; CHECK: phi i32 [ 0, %{{.*}} ], [ %{{.*}}, %{{.*}} ]
define i32 @aligned_of_any_size(i64 %n) {
  %place = alloca ptr
  %failed = call i32 @posix_memalign(ptr %place, i64 16, i64 %n)
  %bad = icmp ne i32 %failed, 0
  br i1 %bad, label %end, label %good
good:
  %p = load ptr, ptr %place
  call void @free(ptr %p)
  br label %end
end:
  ret i32 %failed
}

; posix_memalign refuses such an alignment.
; TEXT: misaligned
; TEXT-NEXT: posix_memalign, 40 bytes: kept: objects of this function are not moved
define i32 @misaligned() {
  %place = alloca ptr
  %failed = call i32 @posix_memalign(ptr %place, i64 4, i64 40)
  ret i32 %failed
}

; TEXT: first_letters
; TEXT-NEXT: strndup, size not known: to the stack, where it fits 1024 bytes
; CHECK-LABEL: define void @first_letters(
; CHECK: %[[COUNT:.*]] = call i64 @strnlen(ptr %s, i64 %n)
; CHECK: %[[BYTES:.*]] = add i64 %[[COUNT]], 1
; CHECK: icmp ule i64 %[[BYTES]], 1024
; CHECK: call void @llvm.memcpy
; CHECK: store i8 0
define void @first_letters(ptr %s, i64 %n) {
  %p = call ptr @strndup(ptr %s, i64 %n)
  %i = call i32 @puts(ptr %p)
  call void @free(ptr %p)
  ret void
}

; What is more than an object may have is asked of reallocarray itself, which sets errno; LLVM must not take it to have succeeded.
; TEXT: array
; TEXT-NEXT: reallocarray, size argument 1 * 8: to the stack, where it fits 1024 bytes
; CHECK-LABEL: define void @array(
; CHECK: %[[BOTH:.*]] = call { i64, i1 } @llvm.umul.with.overflow.i64(i64 %n, i64 8)
; CHECK: %[[OVER:.*]] = extractvalue { i64, i1 } %[[BOTH]], 1
; CHECK: select i1 %[[OVER]], i64 -1,
; CHECK: call ptr @reallocarray(ptr null, i64 %{{.*}}, i64 1) #[[OPAQUE:[0-9]+]]
; CHECK: call ptr @realloc(
; CHECK-NOT: @reallocarray
; CHECK: ret void
define void @array(i64 %n) {
  %p = call ptr @reallocarray(ptr null, i64 %n, i64 8)
  %i = call i32 @puts(ptr %p)
  call void @free(ptr %p)
  ret void
}

; getline may move what it is given, and gives a new one.
; TEXT: lines
; TEXT-NEXT: malloc, 100 bytes: kept: a called function frees or moves it (getline)
; TEXT-NEXT: getline, size not known, in a loop: kept: objects of this function are not moved
; CHECK-LABEL: define void @lines(
; CHECK: call ptr @malloc(i64 100)
define void @lines(ptr %file) {
  %place = alloca ptr
  %room = alloca i64
  store i64 100, ptr %room
  %p = call ptr @malloc(i64 100)
  store ptr %p, ptr %place
  br label %next
next:
  %got = call i64 @getline(ptr %place, ptr %room, ptr %file)
  %line = load ptr, ptr %place
  %end = icmp slt i64 %got, 0
  br i1 %end, label %done, label %next
done:
  call void @free(ptr %line)
  ret void
}

; Its words are places in the text.
; TEXT: words
; TEXT-NEXT: malloc, 32 bytes: to the stack
define void @words(ptr %by) {
  %rest = alloca ptr
  %p = call ptr @malloc(i64 32)
  %a = call ptr @strtok_r(ptr %p, ptr %by, ptr %rest)
  %b = call ptr @strtok_r(ptr null, ptr %by, ptr %rest)
  %i = call i32 @puts(ptr %b)
  call void @free(ptr %p)
  ret void
}
; TEXT: number
; TEXT-NEXT: malloc, 32 bytes: to the stack
define i64 @number() {
  %p = call ptr @malloc(i64 32)
  %n = call i64 @strtol(ptr %p, ptr null, i32 10)
  call void @free(ptr %p)
  ret i64 %n
}
; TEXT: words_kept
; TEXT-NEXT: malloc, 32 bytes: kept: it is stored where everybody may read it
define void @words_kept(ptr %by) {
  %rest = alloca ptr
  %p = call ptr @malloc(i64 32)
  %a = call ptr @strtok_r(ptr %p, ptr %by, ptr %rest)
  %b = call ptr @strtok_r(ptr null, ptr %by, ptr %rest)
  store ptr %b, ptr @global
  ret void
}
; TEXT: words_of_strsep
; TEXT-NEXT: malloc, 32 bytes: kept: it is stored where everybody may read it
define void @words_of_strsep(ptr %by) {
  %rest = alloca ptr
  %p = call ptr @malloc(i64 32)
  store ptr %p, ptr %rest
  %a = call ptr @strsep(ptr %rest, ptr %by)
  %b = call ptr @strsep(ptr %rest, ptr %by)
  store ptr %b, ptr @global
  ret void
}

; TEXT: by_attributes
; TEXT-NEXT: get, 24 bytes: to the stack
; TEXT-NEXT: get_zeroes, 24 bytes: to the stack
; TEXT: kept_by_attributes
; TEXT-NEXT: get_lines, size not known: kept: objects of this function are not moved
; CHECK-LABEL: define void @by_attributes(
; CHECK-NOT: call ptr @get
; CHECK-NOT: call void @put
; CHECK: ret void
declare void @unknown(ptr)
define void @by_attributes() {
  %p = call ptr @get(i64 24)
  %i = call i32 @puts(ptr %p)
  call void @put(ptr %p)
  %q = call ptr @get_zeroes(i64 3, i64 8)
  %j = call i32 @puts(ptr %q)
  call void @put(ptr %q)
  ret void
}
define void @kept_by_attributes(ptr %from) {
  %p = call ptr @get_lines(i64 24)
  %i = call i32 @puts(ptr %p)
  call void @put(ptr %p)
  ret void
}
; TEXT: fetched
; TEXT-NEXT: fetch, size not known: kept: it is handed to code that may keep it (unknown)
define void @fetched(ptr %from) {
  %q = call ptr @fetch(ptr %from, i64 24)
  call void @unknown(ptr %q)
  ret void
}
; CHECK: attributes #[[OPAQUE]] = { nobuiltin }
