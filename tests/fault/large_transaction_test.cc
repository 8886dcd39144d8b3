// One transaction of very many rows, killed in the middle of being applied: it arrives as a whole
// or not at all, and takes no more memory than a small one may.

#include <algorithm>
#include <chrono>
#include <functional>
#include <string>
#include <thread>

#include <gtest/gtest.h>

#include "tests/fault/bed.h"

namespace wherry::tests {
namespace {

using namespace std::chrono_literals;

constexpr std::uint64_t most_kib =
    std::uint64_t{192} * 1024;  // with the memory of no configuration

std::uint64_t rows_on(const Server& server) {
  return std::stoull(server.query("SELECT COUNT(*) FROM bulk.t").at(0).at(0).value());
}

Rows sums(const Server& server) {
  return server.query("SELECT COUNT(*), SUM(id), SUM(n), BIT_XOR(CRC32(pad)) FROM bulk.t");
}

// The greatest id, of rows that are not committed too.
std::uint64_t id_in_the_making(const Server& server) {
  auto connection = server.connect();
  connection.exec("SET SESSION TRANSACTION ISOLATION LEVEL READ UNCOMMITTED");
  return std::stoull(connection.query("SELECT MAX(id) FROM bulk.t").at(0).at(0).value());
}

// Looks at the memory of the one run until then.
bool wait_for(const Wherry& wherry, std::chrono::seconds patience, std::uint64_t& peak,
              const std::function<bool()>& holds) {
  pid_t pid = 0;
  return Bed::wait_for(patience, [&] {
    if (pid == 0) pid = Bed::pid(wherry);
    peak = std::max(peak, Bed::peak_memory(pid));
    return holds();
  });
}

TEST(LargeTransaction, killed_while_it_is_applied_arrives_whole_in_bounded_memory) {
  const int rows = is_soak() ? 10'000'000 : 1'000'000;
  const std::chrono::seconds patience(is_soak() ? 1200 : 60);
  Bed bed;
  bed.source.exec_sql(
      "CREATE DATABASE bulk; CREATE TABLE bulk.t (id INT PRIMARY KEY, n INT NOT NULL, "
      "pad VARCHAR(40) NOT NULL); INSERT INTO bulk.t VALUES (0,0,'')");
  Wherry wherry(bed.source, bed.target, {"bulk.*"});
  wherry.start();
  ASSERT_TRUE(Bed::wait_for(30s, [&] { return Bed::status(wherry)["state"] == "following"; }))
      << wherry.output();
  bed.source.exec_sql(
      "INSERT INTO bulk.t SELECT seq, seq*7, CONCAT('row ', seq) "
      "FROM mysql.seq_1_to_" +
      std::to_string(rows));
  std::uint64_t peak = 0;
  const auto half = static_cast<std::uint64_t>(rows) / 2;
  ASSERT_TRUE(wait_for(wherry, patience, peak, [&] { return id_in_the_making(bed.target) > half; }))
      << wherry.output();
  wherry.kill9();
  EXPECT_EQ(rows_on(bed.target), 1U);

  // The first makes more keys dirty than are kept one by one, this one does not.
  bed.source.exec_sql("UPDATE bulk.t SET n=n+1 WHERE id%4=0");
  wherry.start({"--until", "proved"});
  EXPECT_TRUE(wait_for(wherry, 2 * patience, peak, [&] { return !wherry.running(); }));
  ASSERT_EQ(wherry.wait(1s), 0) << wherry.output();
  EXPECT_EQ(sums(bed.target), sums(bed.source));
  RecordProperty("peak_kib", static_cast<int>(peak));
  EXPECT_GT(peak, 0U);
#ifndef __SANITIZE_ADDRESS__  // what is freed stays in the sanitizer's quarantine
  EXPECT_LT(peak, most_kib);
#endif
}

}  // namespace
}  // namespace wherry::tests
