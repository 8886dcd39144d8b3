// What wherry may use, it keeps to: rows a second, the source's running threads, memory.

#include <chrono>
#include <cstdint>
#include <fstream>
#include <ios>
#include <thread>
#include <vector>

#include <gtest/gtest.h>

#include "tests/fault/bed.h"

namespace wherry::tests {
namespace {

using namespace std::chrono_literals;
using Clock = std::chrono::steady_clock;

std::uint64_t rows_copied(const Wherry& wherry) {
  const auto status = Bed::status(wherry);
  std::uint64_t rows = 0;
  if (!status.contains("tables")) return 0;
  for (const auto& table : status["tables"]) rows += table.value("rows", std::uint64_t{0});
  return rows;
}

bool is_backing_off(const Wherry& wherry) {
  const auto status = Bed::status(wherry);
  return status.contains("copy") && status["copy"].value("backing_off", false);
}

TEST(Limits, rows_a_second_are_kept) {
  Bed bed;
  bed.start_load(300'000, 50);
  bed.stop_load();
  Wherry wherry(bed.source, bed.target, {"bank.*"},
                "limits:\n  threads: 4\n  memory: 64 MiB\n  rows_per_second: 40000\n");
  const auto start = Clock::now();
  wherry.start({"--until", "copied"});
  ASSERT_EQ(wherry.wait(60s), 0) << wherry.output();
  // 7.5 s by the rule; the chunk that each thread reads last is paid for by nobody.
  EXPECT_GT(Clock::now() - start, 4s);
  bed.expect_equal_at_the_end(wherry);
}

TEST(Limits, bytes_a_second_are_kept_while_proving) {
  Bed bed;
  bed.start_load(100'000, 50);
  bed.stop_load();
  Wherry wherry(bed.source, bed.target, {"bank.*"}, "limits:\n  threads: 4\n  memory: 64 MiB\n");
  wherry.start({"--until", "proved"});
  ASSERT_EQ(wherry.wait(60s), 0) << wherry.output();
  const auto bytes = Bed::status(wherry)["copy"]["bytes"].get<std::uint64_t>();
  std::ofstream(wherry.config(), std::ios::app)
      << "  bytes_per_second: " << bytes / 8 / 1000 << " kB/s\n";
  const auto start = Clock::now();
  const RunResult verified = wherry.command({"verify"});
  ASSERT_EQ(verified.exit_code, 0) << verified.output;
  // 8 s by the rule; the last chunk is paid for by nobody.
  EXPECT_GT(Clock::now() - start, 4s);
}

TEST(Limits, while_the_source_is_busy_copying_waits) {
  Bed bed;
  bed.start_load(300'000, 50);
  Wherry wherry(bed.source, bed.target, {"bank.*"},
                "limits:\n  threads: 4\n  memory: 64 MiB\n  rows_per_second: 15000\n"
                "  back_off:\n    threads_running: 25\n");
  wherry.start();
  ASSERT_TRUE(Bed::wait_for(60s, [&] { return rows_copied(wherry) > 0; })) << wherry.output();
  std::uint64_t before = 0;
  {
    std::vector<std::jthread> busy;
    for (int i = 0; i < 40; ++i) {
      busy.emplace_back([&] { bed.source.query("SELECT SLEEP(8)"); });
    }
    EXPECT_TRUE(Bed::wait_for(7s, [&] { return is_backing_off(wherry); }));
    std::this_thread::sleep_for(1s);  // chunks in flight
    before = rows_copied(wherry);
    std::this_thread::sleep_for(2s);
    EXPECT_EQ(rows_copied(wherry), before);
    EXPECT_LT(before, 300'000U);
  }
  EXPECT_TRUE(Bed::wait_for(30s, [&] { return rows_copied(wherry) > before; }));
  ASSERT_EQ(wherry.stop(30s), 130) << wherry.output();
  bed.expect_equal_at_the_end(wherry);
}

// The most memory the run ever used, in KiB, until everything was proved.
std::uint64_t most_memory(Wherry& wherry) {
  wherry.start({"--until", "proved"});
  std::uint64_t most = 0;
  pid_t pid = 0;
  while (wherry.running()) {
    if (pid == 0) pid = Bed::pid(wherry);
    most = std::max(most, Bed::peak_memory(pid));
    std::this_thread::sleep_for(20ms);
  }
  EXPECT_EQ(wherry.wait(0s), 0) << wherry.output();
  return most;
}

TEST(Limits, memory_does_not_grow_with_the_number_of_rows) {
#ifdef __SANITIZE_ADDRESS__
  GTEST_SKIP() << "what is freed stays in the sanitizer's quarantine";
#endif
  Bed bed;
  const auto table = [&](const std::string& schema, int rows) {
    bed.source.exec_sql("CREATE DATABASE " + schema + "; CREATE TABLE " + schema +
                        ".t (id INT NOT NULL PRIMARY KEY, n INT NOT NULL); INSERT INTO " + schema +
                        ".t SELECT seq, seq * 7 FROM mysql.seq_1_to_" + std::to_string(rows));
  };
  const std::string limits = "limits:\n  threads: 2\n  memory: 64 MiB\n";
  table("few", 100'000);
  table("many", 1'000'000);
  Wherry few(bed.source, bed.target, {"few.*"}, limits);
  Wherry many(bed.source, bed.target, {"many.*"}, limits + "#\n");
  const std::uint64_t small = most_memory(few);
  bed.target.exec_sql("DROP DATABASE _wherry");  // both are called by one name
  const std::uint64_t large = most_memory(many);
  RecordProperty("few_kib", static_cast<int>(small));
  RecordProperty("many_kib", static_cast<int>(large));
  EXPECT_GT(small, 0U);
  EXPECT_LT(large, small + std::uint64_t{24} * 1024);
  EXPECT_EQ(bed.target.query("SELECT COUNT(*), SUM(n) FROM many.t"),
            bed.source.query("SELECT COUNT(*), SUM(n) FROM many.t"));
}

}  // namespace
}  // namespace wherry::tests
