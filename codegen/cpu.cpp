// cpu.cpp: whether a target has a CPU and a feature of these names, which llvm-c does not tell: LLVM itself writes a line to the
// standard error for a name that it does not know, and may end the process.
#include <llvm/ADT/StringRef.h>
#include <llvm/Config/llvm-config.h>
#include <llvm/MC/MCSubtargetInfo.h>
#include <llvm/MC/TargetRegistry.h>

#if LLVM_VERSION_MAJOR >= 22
#include <llvm/TargetParser/Triple.h>
#endif

#include "codegen/cpu.h"

// Any subtarget of the target has its tables. NULL: there are none.
static const llvm::MCSubtargetInfo *openTables(LLVMTargetRef target, const char *triple) {
  auto *machine = reinterpret_cast<const llvm::Target *>(target);
#if LLVM_VERSION_MAJOR >= 22
  return machine->createMCSubtargetInfo(llvm::Triple(triple), "", "");
#else
  return machine->createMCSubtargetInfo(triple, "", "");
#endif
}

bool vmo_has_cpu(LLVMTargetRef target, const char *triple, const char *name) {
  const llvm::MCSubtargetInfo *info = openTables(target, triple);
  bool found = info != nullptr && info->isCPUStringValid(name);
  delete info;
  return found;
}

bool vmo_has_feature(LLVMTargetRef target, const char *triple, const char *name, size_t length) {
  const llvm::MCSubtargetInfo *info = openTables(target, triple);
  bool found = false;
  if (info != nullptr)
    for (const auto &feature : info->getAllProcessorFeatures())
      found = found || llvm::StringRef(feature.Key) == llvm::StringRef(name, length);
  delete info;
  return found;
}
