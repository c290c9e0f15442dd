; Which heap objects belong together: fields, contexts, what frees them, what unseen code knows.
; RUN: %structures %s | FileCheck %s
target triple = "x86_64-pc-linux-gnu"

declare ptr @malloc(i64)
declare ptr @realloc(ptr, i64)
declare void @free(ptr)
declare ptr @memcpy(ptr, ptr, i64)
declare void @qsort(ptr, i64, i64, ptr)
declare void @unseen(ptr)
declare i64 @strlen(ptr)

@kept = internal global ptr null
@table = internal global [3 x ptr] [ptr @release, ptr @look, ptr @free]

; Two fields of one object lead to two nodes; only one of them is freed. What points to each other is one structure.
; CHECK: node [[OBJECT:[0-9]+]]: structure [[S:[0-9]+]], 16 bytes, local to fields
; CHECK: node [[LEFT:[0-9]+]]: structure [[S]], 8 bytes, freed, local to fields
; CHECK: node [[RIGHT:[0-9]+]]: structure [[S]], 40 bytes, local to fields
define internal void @fields() {
  %object = call ptr @malloc(i64 16)
  %left = call ptr @malloc(i64 8)
  %right = call ptr @malloc(i64 40)
  store ptr %left, ptr %object
  %second = getelementptr i8, ptr %object, i64 8
  store ptr %right, ptr %second
  %gone = load ptr, ptr %object
  call void @free(ptr %gone)
  ret void
}

; A list is one node, whose objects point to themselves; an array of its elements is folded.
; CHECK: node [[LIST:[0-9]+]]: structure [[L:[0-9]+]], 24 bytes, local to lists
; CHECK-NEXT: made in lists by malloc, lists by malloc
; CHECK: node [[ARRAY:[0-9]+]]: structure [[L]], any size, array, local to lists
define internal ptr @lists(i64 %n) {
  %first = call ptr @malloc(i64 24)
  %second = call ptr @malloc(i64 24)
  %next = getelementptr i8, ptr %first, i64 16
  store ptr %second, ptr %next
  br label %walk
walk:
  %p = phi ptr [ %first, %0 ], [ %q, %walk ]
  %at = getelementptr i8, ptr %p, i64 16
  %q = load ptr, ptr %at
  %done = icmp eq ptr %q, null
  br i1 %done, label %out, label %walk
out:
  %bytes = mul i64 %n, 8
  %array = call ptr @malloc(i64 %bytes)
  %slot = getelementptr ptr, ptr %array, i64 %n
  store ptr %p, ptr %slot
  ret ptr null
}

; What unseen code gets is external, and so is what can be reached from there; what was reached before is not.
; CHECK: node {{[0-9]+}}: structure {{[0-9]+}}, 8 bytes, align 16, external (call)
; CHECK-NEXT: external since handed: call void @unseen(ptr %given)
; CHECK: node {{[0-9]+}}: structure {{[0-9]+}}, 32 bytes, align 16, external (call)
; CHECK: node {{[0-9]+}}: structure {{[0-9]+}}, 48 bytes, local to handed
define internal void @handed() {
  %given = call ptr @malloc(i64 8)
  %inside = call ptr @malloc(i64 32)
  %outside = call ptr @malloc(i64 48)
  store ptr %inside, ptr %given
  store ptr %given, ptr %outside
  call void @unseen(ptr %given)
  ret void
}

; A pointer whose bytes are read one by one, or that is cut, is lost. A distance and a comparison lose nothing.
; CHECK: node {{[0-9]+}}: structure {{[0-9]+}}, 3 bytes, align 16, external (integer)
; CHECK: node {{[0-9]+}}: structure {{[0-9]+}}, 8 bytes, array, local to bytes
; CHECK: node {{[0-9]+}}: structure {{[0-9]+}}, 5 bytes, align 16, external (integer)
; CHECK: node {{[0-9]+}}: structure {{[0-9]+}}, 7 bytes, array, local to bytes
define internal i64 @bytes(ptr %into, i64 %i) {
  %lost = call ptr @malloc(i64 3)
  %holder = call ptr @malloc(i64 8)
  store ptr %lost, ptr %holder
  %place = getelementptr i8, ptr %holder, i64 %i
  %byte = load i8, ptr %place
  store i8 %byte, ptr %into
  %cut = call ptr @malloc(i64 5)
  %number = ptrtoint ptr %cut to i64
  %part = trunc i64 %number to i32
  store i32 %part, ptr %into
  %text = call ptr @malloc(i64 7)
  %end = getelementptr i8, ptr %text, i64 %i
  %from = ptrtoint ptr %text to i64
  %to = ptrtoint ptr %end to i64
  %distance = sub i64 %to, %from
  ret i64 %distance
}

; The objects of a wrapper are those of its callers: only one of them is freed, by another wrapper.
; CHECK: node [[MINE:[0-9]+]]: structure {{[0-9]+}}, any size, freed, local to callers
; CHECK-NEXT: made in wrapper by malloc
; CHECK: node [[YOURS:[0-9]+]]: structure {{[0-9]+}}, any size, global
; CHECK-NEXT: made in wrapper by malloc
define internal ptr @wrapper(i64 %n) {
  %p = call ptr @malloc(i64 %n)
  ret ptr %p
}
define internal void @release(ptr %p) {
  call void @free(ptr %p)
  ret void
}
define internal void @callers() {
  %mine = call ptr @wrapper(i64 8)
  %yours = call ptr @wrapper(i64 8)
  store ptr %yours, ptr @kept
  call void @release(ptr %mine)
  ret void
}

; A call through a pointer may mean what the table holds. realloc's result may be its argument.
; CHECK: node [[POINTED:[0-9]+]]: structure {{[0-9]+}}, 11 bytes, freed, by pointer, local to through
; CHECK: node [[GROWN:[0-9]+]]: structure {{[0-9]+}}, any size, freed, moved, local to through
; CHECK-NEXT: made in through by malloc, through by realloc
define internal void @look(ptr %p) {
  ret void
}
define internal void @through(i64 %i) {
  %p = call ptr @malloc(i64 11)
  %slot = getelementptr ptr, ptr @table, i64 %i
  %f = load ptr, ptr %slot
  call void %f(ptr %p)
  %old = call ptr @malloc(i64 12)
  %new = call ptr @realloc(ptr %old, i64 %i)
  call void @free(ptr %new)
  ret void
}

; A copy of the bytes makes contents one, not the objects: what the copy leads to is freed, the copy is not.
; CHECK: node {{[0-9]+}}: structure [[C:[0-9]+]], 72 bytes, local to copies
; CHECK: node {{[0-9]+}}: structure [[C]], 80 bytes, local to copies
; CHECK: node {{[0-9]+}}: structure [[C]], 88 bytes, freed, local to copies
define internal void @copies() {
  %a = call ptr @malloc(i64 72)
  %b = call ptr @malloc(i64 80)
  %c = call ptr @malloc(i64 88)
  %in = getelementptr i8, ptr %a, i64 64
  store ptr %c, ptr %in
  call ptr @memcpy(ptr %b, ptr %a, i64 72)
  %out = getelementptr i8, ptr %b, i64 64
  %d = load ptr, ptr %out
  call void @free(ptr %d)
  ret void
}

; A function that compares gets the elements.
; CHECK: node {{[0-9]+}}: structure [[Q:[0-9]+]], 160 bytes, array, local to sorts
; CHECK: node {{[0-9]+}}: structure [[Q]], 13 bytes, freed, local to sorts
define internal i32 @compare(ptr %a, ptr %b) {
  %p = load ptr, ptr %a
  call void @free(ptr %p)
  ret i32 0
}
define internal void @sorts() {
  %array = call ptr @malloc(i64 160)
  %element = call ptr @malloc(i64 13)
  store ptr %element, ptr %array
  call void @qsort(ptr %array, i64 10, i64 16, ptr @compare)
  ret void
}

; What accesses need more alignment for is told.
; CHECK: node {{[0-9]+}}: structure {{[0-9]+}}, 64 bytes, align 32, local to aligned
define internal void @aligned() {
  %p = call ptr @malloc(i64 64)
  store <4 x double> zeroinitializer, ptr %p, align 32
  ret void
}

; A pattern that is repeated is not seen in a text: its field stays apart.
; CHECK: node {{[0-9]+}}: structure [[T:[0-9]+]], 56 bytes, array, local to texts
; CHECK: node {{[0-9]+}}: structure [[T]], 14 bytes, local to texts
; CHECK: node {{[0-9]+}}: structure [[T]], 15 bytes, freed, local to texts
define internal i1 @texts(i64 %i) {
  %object = call ptr @malloc(i64 56)
  %one = call ptr @malloc(i64 14)
  %two = call ptr @malloc(i64 15)
  store ptr %one, ptr %object
  %second = getelementptr i8, ptr %object, i64 8
  store ptr %two, ptr %second
  %text = getelementptr i8, ptr %object, i64 16
  %at = getelementptr i8, ptr %text, i64 %i
  %letter = load i8, ptr %at
  %space = icmp eq i8 %letter, 32
  %gone = load ptr, ptr %second
  call void @free(ptr %gone)
  ret i1 %space
}

; A pointer that steps over the elements of an array meets what is in any of them.
; CHECK: node {{[0-9]+}}: structure [[A:[0-9]+]], 320 bytes, array, local to steps
; CHECK: node {{[0-9]+}}: structure [[A]], 9 bytes, freed, local to steps
define internal void @steps() {
  %array = call ptr @malloc(i64 320)
  %element = call ptr @malloc(i64 9)
  %second = getelementptr i8, ptr %array, i64 24
  store ptr %element, ptr %second
  br label %loop
loop:
  %p = phi ptr [ %array, %0 ], [ %next, %loop ]
  %at = getelementptr i8, ptr %p, i64 8
  %gone = load ptr, ptr %at
  call void @free(ptr %gone)
  %next = getelementptr i8, ptr %p, i64 16
  %done = icmp eq ptr %gone, null
  br i1 %done, label %out, label %loop
out:
  ret void
}

; What is called through a parameter is known, too. Addresses that are one value lead to both objects.
; CHECK: node [[PUT:[0-9]+]]: structure {{[0-9]+}}, 17 bytes, freed, by pointer, local to puts_by
; CHECK: node {{[0-9]+}}: structure [[V:[0-9]+]], 18 bytes, align 16, external (call){{.*}}, array
; CHECK: node {{[0-9]+}}: structure {{[0-9]+}}, 19 bytes, align 16, external (call)
declare void @llvm.masked.scatter.v2p0.v2p0(<2 x ptr>, <2 x ptr>, i32, <2 x i1>)
define internal void @put_by(ptr %f, ptr %p) {
  call void %f(ptr %p)
  ret void
}
define internal void @puts_by(<2 x i64> %i) {
  %p = call ptr @malloc(i64 17)
  call void @put_by(ptr @free, ptr %p)
  %array = call ptr @malloc(i64 18)
  %element = call ptr @malloc(i64 19)
  %elements = insertelement <2 x ptr> undef, ptr %element, i32 0
  %places = getelementptr ptr, ptr %array, <2 x i64> %i
  call void @llvm.masked.scatter.v2p0.v2p0(<2 x ptr> %elements, <2 x ptr> %places, i32 8, <2 x i1> <i1 1, i1 0>)
  ret void
}

; What strtok goes on in, it does not free: texts of any two calls are one.
; CHECK: node {{[0-9]+}}: structure {{[0-9]+}}, any size, global, freed, collapsed
; CHECK-NEXT: made in tokens by malloc, tokens by malloc
declare ptr @strtok(ptr, ptr)
define internal void @tokens(ptr %between) {
  %text = call ptr @malloc(i64 20)
  %other = call ptr @malloc(i64 21)
  call ptr @strtok(ptr %text, ptr %between)
  call ptr @strtok(ptr %other, ptr %between)
  %word = call ptr @strtok(ptr null, ptr %between)
  call void @free(ptr %word)
  ret void
}

; What is sent may be read again by anybody: of an object of two words the second, but not the third.
; CHECK: node {{[0-9]+}}: structure {{[0-9]+}}, 30 bytes, local to sends
; CHECK: node {{[0-9]+}}: structure {{[0-9]+}}, 22 bytes, align 16, external (call)
; CHECK: node {{[0-9]+}}: structure {{[0-9]+}}, 23 bytes, local to sends
declare i64 @write(i32, ptr, i64)
define internal void @sends() {
  %object = call ptr @malloc(i64 30)
  %sent = call ptr @malloc(i64 22)
  %not = call ptr @malloc(i64 23)
  %second = getelementptr i8, ptr %object, i64 8
  store ptr %sent, ptr %second
  %third = getelementptr i8, ptr %object, i64 16
  store ptr %not, ptr %third
  %count = call i64 @write(i32 1, ptr %object, i64 16)
  ret void
}

; CHECK: free in fields: nodes [[LEFT]]
; CHECK: malloc in wrapper: nodes [[MINE]] [[YOURS]]
; CHECK: free in release: nodes [[MINE]] [[POINTED]]
; CHECK: pointer in through: nodes [[POINTED]]{{$}}
; CHECK: free in through: nodes [[GROWN]]
; CHECK: pointer in put_by: nodes [[PUT]]{{$}}
define i32 @main(i32 %count, ptr %arguments) {
  %n = zext i32 %count to i64
  call void @fields()
  call ptr @lists(i64 %n)
  call void @handed()
  %d = call i64 @bytes(ptr %arguments, i64 %n)
  call void @callers()
  call void @through(i64 %n)
  call void @copies()
  call void @sorts()
  call void @aligned()
  %s = call i1 @texts(i64 %n)
  call void @steps()
  call void @puts_by(<2 x i64> zeroinitializer)
  call void @tokens(ptr %arguments)
  call void @sends()
  ret i32 0
}
