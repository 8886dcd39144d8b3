// Runs a fuzz target without libFuzzer: each file of the folder given, the file cut after each of
// its bytes, and the file with each byte changed. What has to hold is that nothing crashes and
// every call returns. Exit code 1 when there is no seed.

#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <vector>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

int main(int argc, char** argv) {
  if (argc != 2) return 2;
  std::size_t inputs = 0;
  for (const auto& entry : std::filesystem::directory_iterator(argv[1])) {
    std::ifstream file(entry.path(), std::ios::binary);
    std::vector<std::uint8_t> seed{std::istreambuf_iterator<char>(file), {}};
    for (std::size_t size = 0; size <= seed.size(); ++size, ++inputs) {
      // Its own allocation, so that a sanitizer sees a read behind the end.
      const std::vector<std::uint8_t> cut(seed.data(), seed.data() + size);
      LLVMFuzzerTestOneInput(cut.data(), cut.size());
    }
    for (std::uint8_t& byte : seed) {
      const std::uint8_t before = byte;
      for (const int value : {0x00, 0xff, before ^ 0x01, before ^ 0x80}) {
        byte = static_cast<std::uint8_t>(value);
        LLVMFuzzerTestOneInput(seed.data(), seed.size());
        ++inputs;
      }
      byte = before;
    }
  }
  std::printf("%zu inputs\n", inputs);
  return inputs == 0 ? 1 : 0;
}
