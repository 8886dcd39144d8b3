// A tree with everything a file store has to carry moves with the real binary: killed with -9 at
// random instants, compared by a script that shares nothing with the prover. WHERRY_KILLS and
// WHERRY_SEED choose how many and which.

#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <random>
#include <string>
#include <thread>
#include <vector>

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include "tests/support/program.h"

namespace wherry::tests {
namespace {

using namespace std::chrono_literals;
namespace fs = std::filesystem;

int from_environment(const char* name, int otherwise) {
  const char* value = std::getenv(name);
  return value == nullptr ? otherwise : std::atoi(value);
}

void write_file(const fs::path& path, const std::string& text) {
  std::ofstream(path, std::ios::binary) << text;
}

std::string read_file(const fs::path& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

struct FileTree : testing::Test {
  FileTree() { configure(""); }

  void configure(const std::string& more, const std::string& of_target = "") const {
    write_file(config, "name: tree\nsource: {type: file, path: " + source.string() +
                           "}\ntarget: {type: file, path: " + target.string() + of_target +
                           "}\njournal: " + (folder.path() / "journal").string() + "\n" + more);
  }
  void make_tree(int files) const {
    const auto made = run({"python3", WHERRY_SCENARIO_DIR "/file_make_tree.py", source.string(),
                           "1", std::to_string(files)});
    ASSERT_EQ(made.exit_code, 0) << made.output;
  }
  RunResult wherry(std::vector<std::string> words) const {
    words.insert(words.begin(), WHERRY_BINARY);
    words.insert(words.end(), {"--config", config.string()});
    return run(words);
  }
  RunResult compare() const {
    return run(
        {"python3", WHERRY_SCENARIO_DIR "/file_compare.py", source.string(), target.string()});
  }

  TemporaryDirectory folder{"file-tree"};
  fs::path source = folder.path() / "source";
  fs::path target = folder.path() / "target";
  fs::path config = folder.path() / "wherry.yaml";
};

TEST_F(FileTree, arrives_whole_after_kills_at_random_instants) {
  make_tree(4000);
  const int kills = from_environment("WHERRY_KILLS", 8);
  std::mt19937 random(static_cast<unsigned>(from_environment("WHERRY_SEED", 1)));
  std::uniform_int_distribution<int> instant(10, 1500);
  // Slowly enough that kills fall into the copy.
  configure("limits: {threads: 3, bytes_per_second: 30 MB/s}\n");
  for (int i = 0; i < kills; ++i) {
    Program running({WHERRY_BINARY, "run", "--config", config.string()}, folder.path() / "log");
    std::this_thread::sleep_for(i == 0 ? 700ms : std::chrono::milliseconds(instant(random)));
    running.kill9();
    if (i > 0) continue;
    const auto status = wherry({"status", "--json"});
    EXPECT_NE(status.output.find("\"state\": \"copying\""), std::string::npos) << status.output;
    EXPECT_FALSE(fs::is_empty(target));
  }
  configure("");
  const auto last = wherry({"run"});
  EXPECT_EQ(last.exit_code, 0) << last.output;
  const auto comparison = compare();
  EXPECT_EQ(comparison.exit_code, 0) << comparison.output;
  const auto status = wherry({"status", "--json"});
  EXPECT_NE(status.output.find("\"all_proved\": true"), std::string::npos) << status.output;
}

TEST_F(FileTree, planted_differences_are_found_by_verify_and_mended_by_repair) {
  make_tree(400);
  ASSERT_EQ(wherry({"run"}).exit_code, 0);
  const auto clean = wherry({"verify"});
  EXPECT_EQ(clean.exit_code, 0) << clean.output;

  // Same size and time, another byte.
  struct stat before {};
  ASSERT_EQ(::stat((target / "big").c_str(), &before), 0);
  {
    std::fstream file(target / "big", std::ios::in | std::ios::out | std::ios::binary);
    file.seekg(12'345'678);
    const char was = static_cast<char>(file.get());
    file.seekp(12'345'678);
    file.put(static_cast<char>(was + 1));
  }
  const timespec times[2] = {before.st_atim, before.st_mtim};
  ASSERT_EQ(::utimensat(AT_FDCWD, (target / "big").c_str(), times, 0), 0);
  fs::remove(target / "soft-a");
  const auto found = wherry({"verify", "--json"});
  EXPECT_EQ(found.exit_code, 4) << found.output;
  EXPECT_NE(found.output.find("\"big\""), std::string::npos) << found.output;
  EXPECT_NE(found.output.find("\"soft-a\""), std::string::npos) << found.output;

  const auto plan = wherry({"repair", "--dry-run"});
  EXPECT_EQ(plan.exit_code, 4) << plan.output;
  EXPECT_NE(plan.output.find("copy again: big (content)"), std::string::npos) << plan.output;
  EXPECT_FALSE(fs::is_symlink(target / "soft-a"));
  const auto mended = wherry({"repair"});
  EXPECT_EQ(mended.exit_code, 0) << mended.output;
  const auto comparison = compare();
  EXPECT_EQ(comparison.exit_code, 0) << comparison.output;
  EXPECT_EQ(wherry({"verify"}).exit_code, 0);
}

TEST_F(FileTree, another_run_brings_over_what_changed) {
  make_tree(400);
  ASSERT_EQ(wherry({"run"}).exit_code, 0);
  write_file(source / "big", "small now");
  fs::remove(source / "soft-b");
  fs::create_directory(source / "soft-b");
  write_file(source / "soft-b/new", "x");
  fs::create_hard_link(source / "soft-b/new", source / "another");
  const auto again = wherry({"run"});
  EXPECT_EQ(again.exit_code, 0) << again.output;
  const auto comparison = compare();
  EXPECT_EQ(comparison.exit_code, 0) << comparison.output;
}

TEST_F(FileTree, nothing_is_deleted_unless_asked_and_never_more_than_the_cap) {
  fs::create_directories(source / "d");
  write_file(source / "d/f", "x");
  fs::create_directories(target / "old/deep");
  write_file(target / "old/deep/f", "y");
  const auto kept = wherry({"run"});
  EXPECT_EQ(kept.exit_code, 0) << kept.output;
  EXPECT_TRUE(fs::exists(target / "old/deep/f"));
  configure("", ", deletes: propagate, max_deletes: 2");
  const auto capped = wherry({"run"});
  EXPECT_EQ(capped.exit_code, 1) << capped.output;
  EXPECT_NE(capped.output.find("deletes.cap"), std::string::npos) << capped.output;
  EXPECT_TRUE(fs::exists(target / "old/deep/f"));
  configure("", ", deletes: propagate, max_deletes: 3");
  EXPECT_EQ(wherry({"run"}).exit_code, 0);
  EXPECT_FALSE(fs::exists(target / "old"));
  EXPECT_EQ(compare().exit_code, 0);
}

TEST_F(FileTree, a_fifo_is_told_and_everything_else_is_there) {
  fs::create_directories(source);
  write_file(source / "f", "x");
  ASSERT_EQ(::mkfifo((source / "pipe").c_str(), 0600), 0);
  const auto ran = wherry({"run"});
  EXPECT_EQ(ran.exit_code, 3) << ran.output;
  EXPECT_EQ(read_file(target / "f"), "x");
  const auto status = wherry({"status", "--json"});
  EXPECT_NE(status.output.find("file.special"), std::string::npos) << status.output;
  fs::remove(source / "pipe");
  EXPECT_EQ(wherry({"run"}).exit_code, 0);
}

TEST_F(FileTree, a_target_inside_the_source_is_refused_even_through_a_symlink) {
  fs::create_directories(source / "inner");
  fs::create_directory_symlink(source / "inner", folder.path() / "link");
  target = folder.path() / "link";
  configure("");
  const auto refused = wherry({"run"});
  EXPECT_EQ(refused.exit_code, 3) << refused.output;
  EXPECT_TRUE(fs::is_empty(source / "inner"));
}

}  // namespace
}  // namespace wherry::tests
