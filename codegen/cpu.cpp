// cpu.cpp: whether a target has a CPU and a feature of these names, which llvm-c does not tell: LLVM itself writes a line to the
// standard error for a name that it does not know, and may end the process.
#include <llvm/ADT/StringRef.h>
#include <llvm/MC/MCSubtargetInfo.h>
#include <llvm/MC/TargetRegistry.h>

#include "codegen/cpu.h"

// Any subtarget of the target has its tables. Nothing is thrown, and no memory of C++ is obtained here.
bool vmo_has_cpu(LLVMTargetRef target, const char *triple, const char *name) {
  auto *machine = reinterpret_cast<const llvm::Target *>(target);
  const llvm::MCSubtargetInfo *info = machine->createMCSubtargetInfo(triple, "", "");
  bool found = info != nullptr && info->isCPUStringValid(name);
  delete info;
  return found;
}

bool vmo_has_feature(LLVMTargetRef target, const char *triple, const char *name, size_t length) {
  auto *machine = reinterpret_cast<const llvm::Target *>(target);
  const llvm::MCSubtargetInfo *info = machine->createMCSubtargetInfo(triple, "", "");
  bool found = false;
  if (info != nullptr)
    for (const auto &feature : info->getAllProcessorFeatures())
      found = found || llvm::StringRef(feature.Key) == llvm::StringRef(name, length);
  delete info;
  return found;
}
