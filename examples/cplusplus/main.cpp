// A compiled function behind a class: its arena, in which the state lives, belongs to the object; results go to the caller's
// bytes (--results=caller). Two objects smooth two signals, and know nothing of each other.
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <memory>
#include <new>
#include <stdexcept>
#include <string>
#include <vector>

#include "smooth.h"

class Smoother {
public:
  explicit Smoother(std::int64_t channels) : channels_(channels), bytes_(smooth_arena_bytes(channels)) {
    if (bytes_ < 0) throw std::invalid_argument("too many channels");
    arena_.reset(static_cast<char *>(::operator new(static_cast<std::size_t>(bytes_), alignment)));
    std::memset(arena_.get() + smooth_offset_of_level(channels), 0, sizeof(float) * static_cast<std::size_t>(channels));
  }

  std::vector<float> operator()(const std::vector<float> &x, float gain) {
    std::vector<float> y(x.size());
    std::int32_t status = smooth(channels_, x.data(), gain, y.data(), arena_.get(), bytes_);
    if (status != 0) throw std::runtime_error("smooth: status " + std::to_string(status));
    return y;
  }

private:
  static constexpr std::align_val_t alignment{smooth_ARENA_ALIGNMENT};
  struct Free {
    void operator()(char *bytes) const { ::operator delete(bytes, alignment); }
  };
  std::int64_t channels_, bytes_;
  std::unique_ptr<char, Free> arena_;
};

int main() {
  Smoother slow(2), fast(3);
  for (int call = 1; call <= 3; call++) {
    std::vector<float> a = slow({8, -8}, 0.25F), b = fast({1, 2, 3}, 0.5F);
    std::printf("%d: %g %g | %g %g %g\n", call, a[0], a[1], b[0], b[1], b[2]);
  }
  try {
    Smoother too_wide(65);
  } catch (const std::invalid_argument &error) {
    std::printf("65 channels: %s\n", error.what());
  }
  return 0;
}
