; What is asked of a site is told beside the program, too.
; RUN: %vmemopt opt --heaps --whole-program --explain-site=list.c:7 %s -o %t.ll | FileCheck %s
; RUN: FileCheck %s --check-prefix=PROGRAM < %t.ll
; RUN: not %vmemopt opt --heaps --whole-program --explain-site=list.c:7 %s 2>&1 | FileCheck %s --check-prefix=BOTH
; CHECK: main, {{.*}}list.c:7:3
; CHECK: heap 0, bump
; PROGRAM: define i32 @main(
; BOTH: the program and the report would both go to standard output
target triple = "x86_64-pc-linux-gnu"
@held = internal global ptr null
declare ptr @malloc(i64)
define i32 @main() !dbg !4 {
  %p = call ptr @malloc(i64 24), !dbg !7
  store ptr %p, ptr @held
  ret i32 0
}
!llvm.dbg.cu = !{!0}
!llvm.module.flags = !{!2, !3}
!0 = distinct !DICompileUnit(language: DW_LANG_C11, file: !1, emissionKind: FullDebug)
!1 = !DIFile(filename: "list.c", directory: ".")
!2 = !{i32 2, !"Debug Info Version", i32 3}
!3 = !{i32 7, !"Dwarf Version", i32 5}
!4 = distinct !DISubprogram(name: "main", file: !1, line: 5, type: !5, scopeLine: 5, unit: !0, spFlags: DISPFlagDefinition)
!5 = !DISubroutineType(types: !6)
!6 = !{null}
!7 = !DILocation(line: 7, column: 3, scope: !4)
