#include "stores/mysql/damaged_reads.h"

#include <gtest/gtest.h>

namespace wherry::stores::mysql {
namespace {

using base::Error;
using base::ErrorKind;

ErrorKind kind_of(DamagedReads& reads, const char* code, const char* message) {
  try {
    reads.pass_on([&]() -> int { throw Error(ErrorKind::data_mismatch, code, message); });
  } catch (const Error& e) {
    EXPECT_EQ(e.code(), code);
    return e.kind();
  }
  return ErrorKind::internal;
}

TEST(DamagedReads, what_is_the_same_three_times_in_a_row_is_passed_on) {
  DamagedReads reads;
  EXPECT_EQ(reads.pass_on([] { return 7; }), 7);
  EXPECT_EQ(kind_of(reads, "binlog.checksum", "at 4"), ErrorKind::connection_lost);
  EXPECT_EQ(kind_of(reads, "binlog.checksum", "at 4"), ErrorKind::connection_lost);
  EXPECT_EQ(kind_of(reads, "binlog.checksum", "at 9"), ErrorKind::connection_lost);
  EXPECT_EQ(kind_of(reads, "binlog.checksum", "at 4"), ErrorKind::connection_lost);
  EXPECT_EQ(kind_of(reads, "binlog.checksum", "at 4"), ErrorKind::connection_lost);
  EXPECT_EQ(kind_of(reads, "binlog.checksum", "at 4"), ErrorKind::data_mismatch);
}

TEST(DamagedReads, other_errors_are_left_alone) {
  DamagedReads reads;
  EXPECT_EQ(kind_of(reads, "binlog.malformed", "at 4"), ErrorKind::data_mismatch);
}

}  // namespace
}  // namespace wherry::stores::mysql
