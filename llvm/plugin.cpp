// plugin.cpp: vmemopt as a pass of clang, opt and lld: registration, and the remarks that llvm-c cannot make.
//
//   clang-19 -O2 -fpass-plugin=vmemopt-pass-19.so       once a module is simplified, before its loops are vectorised
//   opt-19 -load-pass-plugin=... -passes=vmemopt        where it is named
//   ld.lld-19 --load-pass-plugin=...                    on the whole program, at the end of full link-time optimisation
//
// Everything else is C (cli/pass.c). LLVM's functions are those of the program that loads the plugin; they are bound when
// they are first called, so that another version can be told before anything of it is used.
#include <llvm-c/Core.h>
#include <llvm/Config/llvm-config.h>
#include <llvm/IR/DebugInfoMetadata.h>
#include <llvm/IR/DiagnosticInfo.h>
#include <llvm/IR/LLVMContext.h>
#include <llvm/IR/Module.h>
#include <llvm/Passes/PassBuilder.h>
#if LLVM_VERSION_MAJOR >= 22
#include <llvm/Plugins/PassPlugin.h>
#else
#include <llvm/Passes/PassPlugin.h>
#endif
#include <llvm/Transforms/InstCombine/InstCombine.h>
#include <llvm/Transforms/Scalar/EarlyCSE.h>
#include <llvm/Transforms/Scalar/SROA.h>
#include <llvm/Transforms/Scalar/SimplifyCFG.h>

#include "llvm/plugin.h"

extern "C" __attribute__((weak)) void LLVMGetVersion(unsigned *major, unsigned *minor, unsigned *patch);

namespace {

constexpr char passName[] = "vmemopt";

// The place of a site, whose function may have been inlined into this one from another file.
llvm::DiagnosticLocation locate(const llvm::Function &function, const vmo_pass_remark &remark) {
  llvm::DISubprogram *program = function.getSubprogram();
  if (program == nullptr || remark.file == nullptr || remark.line == 0) return llvm::DiagnosticLocation(program);
  llvm::LLVMContext &context = function.getContext();
  llvm::DIScope *scope = program;
  if (program->getFilename() != remark.file) {
    llvm::DIFile *file = llvm::DIFile::get(context, remark.file, program->getDirectory());
    scope = llvm::DILexicalBlockFile::get(context, program, file, 0);
  }
  return llvm::DiagnosticLocation(llvm::DebugLoc(llvm::DILocation::get(context, remark.line, remark.column, scope)));
}

void emitRemark(void *user, const vmo_pass_remark *remark) {
  llvm::Module &module = *static_cast<llvm::Module *>(user);
  llvm::Function *function = module.getFunction(remark->function);
  if (function == nullptr || function->isDeclaration()) return;
  llvm::DiagnosticLocation place = locate(*function, *remark);
  llvm::LLVMContext &context = module.getContext();
  const llvm::BasicBlock *block = &function->getEntryBlock();
  if (remark->kind == 'P') {
    context.diagnose(llvm::OptimizationRemark(passName, remark->name, place, block) << remark->words);
  } else if (remark->kind == 'M') {
    context.diagnose(llvm::OptimizationRemarkMissed(passName, remark->name, place, block) << remark->words);
  } else {
    context.diagnose(llvm::OptimizationRemarkAnalysis(passName, remark->name, place, block) << remark->words);
  }
}

// What is left to fold where an object became a slot: comparisons with null, loads of what was just stored.
void cleanUp(llvm::Module &module, llvm::ModuleAnalysisManager &analyses) {
  llvm::FunctionPassManager functions;
  functions.addPass(llvm::SROAPass(llvm::SROAOptions::ModifyCFG));
  functions.addPass(llvm::EarlyCSEPass(true));
  functions.addPass(llvm::InstCombinePass());
  functions.addPass(llvm::SimplifyCFGPass());
  llvm::ModulePassManager modules;
  modules.addPass(llvm::createModuleToFunctionPassAdaptor(std::move(functions)));
  modules.run(module, analyses);
}

struct Pass : llvm::PassInfoMixin<Pass> {
  bool cleans, all;
  Pass(bool cleans, bool all) : cleans(cleans), all(all) {}

  llvm::PreservedAnalyses run(llvm::Module &module, llvm::ModuleAnalysisManager &analyses) {
    vmo_pass_host host = {module.getSourceFileName().c_str(), module.getDataLayout().getPointerSize(), all, emitRemark,
                          &module};
    vmo_pass_outcome outcome = vmo_run_pass(llvm::wrap(&module), &host);
    if (outcome == VMO_PASS_UNCHANGED) return llvm::PreservedAnalyses::all();
    if (outcome == VMO_PASS_FAILED) {
      module.getContext().emitError("vmemopt could not do its work; see above");
    } else if (cleans) {
      analyses.invalidate(module, llvm::PreservedAnalyses::none());
      cleanUp(module, analyses);
    }
    return llvm::PreservedAnalyses::none();
  }

  static bool isRequired() { return true; }
};

void registerPass(llvm::PassBuilder &builder) {
  builder.registerPipelineParsingCallback(
      [](llvm::StringRef name, llvm::ModulePassManager &modules, llvm::ArrayRef<llvm::PassBuilder::PipelineElement>) {
        if (name != passName) return false;
        modules.addPass(Pass(false, true));
        return true;
      });
  auto atEnd = [](llvm::ModulePassManager &modules, llvm::OptimizationLevel level) {
    if (level != llvm::OptimizationLevel::O0) modules.addPass(Pass(true, false));
  };
#if LLVM_VERSION_MAJOR >= 20
  builder.registerOptimizerEarlyEPCallback([atEnd](llvm::ModulePassManager &modules, llvm::OptimizationLevel level,
                                                   llvm::ThinOrFullLTOPhase) { atEnd(modules, level); });
#else
  builder.registerOptimizerEarlyEPCallback(atEnd);
#endif
  builder.registerFullLinkTimeOptimizationLastEPCallback(
      [](llvm::ModulePassManager &modules, llvm::OptimizationLevel level) {
        if (level != llvm::OptimizationLevel::O0) modules.addPass(Pass(true, true));
      });
}

} // namespace

// What LLVM asks a plugin for, as a PassPluginLibraryInfo that is written member by member into the caller's memory: that of
// LLVM 22 has a fifth member, for which a caller of an older version has left no room. It cannot be copied, so that no
// compiler copies the whole of it there.
struct Description {
  uint32_t apiVersion;
  const char *name, *version;
  void (*callbacks)(llvm::PassBuilder &);
#if LLVM_VERSION_MAJOR >= 22
  decltype(llvm::PassPluginLibraryInfo::PreCodeGenCallback) beforeCode;
#endif

  explicit Description(bool fits)
      : apiVersion(fits ? LLVM_PLUGIN_API_VERSION : 0), name(passName), version(VMO_VERSION),
        callbacks(fits ? registerPass : nullptr) {
#if LLVM_VERSION_MAJOR >= 22
    if (fits) beforeCode = nullptr;
#endif
  }
  Description(const Description &) = delete;
};

static_assert(sizeof(Description) == sizeof(llvm::PassPluginLibraryInfo));

// A version that is not the one whose headers this was built with is refused by a wrong API version, after words that say
// why: LLVM's own message would speak of missing symbols.
__attribute__((visibility("default"), used)) Description describe() __asm__("llvmGetPassPluginInfo");

Description describe() {
  unsigned major = 0, minor, patch;
  if (LLVMGetVersion != nullptr) LLVMGetVersion(&major, &minor, &patch);
  if (major != LLVM_VERSION_MAJOR) vmo_refuse_host(LLVM_VERSION_MAJOR, major);
  return Description(major == LLVM_VERSION_MAJOR);
}
