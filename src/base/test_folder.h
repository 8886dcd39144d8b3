#pragma once
// For tests: an empty folder of this process's own, removed with its object, and the files that
// others write there.

#include <chrono>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>
#include <thread>

#include <unistd.h>

namespace wherry::base {

class TestFolder {
 public:
  explicit TestFolder(const std::string& name)
      : path(std::filesystem::temp_directory_path() /
             ("wherry-" + name + "-" + std::to_string(::getpid()))) {
    std::filesystem::create_directory(path);
  }
  ~TestFolder() { std::filesystem::remove_all(path); }
  TestFolder(const TestFolder&) = delete;
  TestFolder& operator=(const TestFolder&) = delete;

  std::string text_of(const std::string& file) const {
    std::ifstream in(path / file);
    std::ostringstream text;
    text << in.rdbuf();
    return text.str();
  }
  // Waits for it, 5 s at most.
  bool appears(const std::string& file) const {
    for (int i = 0; i < 500; ++i) {
      if (std::filesystem::exists(path / file)) return true;
      std::this_thread::sleep_for(std::chrono::milliseconds(10));
    }
    return false;
  }

  const std::filesystem::path path;
};

}  // namespace wherry::base
