#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "stores/memory/target.h"
#include "tests/support/faults.h"

namespace wherry::tests {
namespace {

namespace memory = stores::memory;

class FaultsTest : public testing::Test {
 protected:
  FaultsTest() {
    pair_.id = 1;
    pair_.target = {"s", "t"};
    pair_.source.name = pair_.target;
    pair_.source.columns.resize(1);
    pair_.source.columns[0].type = model::ColumnType::integer;
    pair_.source.key = {0};
    server_->create_table(pair_.source);
    fence_ = target_.acquire({"m", "one"});
    target_.start_stream(fence_, memory::position_at(0));
  }
  static model::RowBatch row(const char* id) {
    model::RowBatch out(1);
    out.append(id);
    return out;
  }
  base::ErrorKind window(contract::RowWriter& writer, const char* id, std::uint64_t number) {
    try {
      writer.begin_window();
      writer.put(pair_, row(id));
      writer.commit_window({number, memory::position_at(number), ""}, 0);
    } catch (const base::Error& e) {
      writer.rollback();
      return e.kind();
    }
    return base::ErrorKind::internal;  // stands for none
  }
  std::size_t rows() { return server_->rows(pair_.target).size(); }

  static constexpr auto none = base::ErrorKind::internal;
  std::shared_ptr<memory::Server> server_ = std::make_shared<memory::Server>("to");
  std::shared_ptr<Faults> faults_ = std::make_shared<Faults>();
  FaultyTarget target_{std::make_shared<memory::Target>(server_), faults_};
  contract::TablePair pair_;
  contract::Fence fence_;
};

TEST_F(FaultsTest, the_nth_write_fails_once_and_does_nothing) {
  const auto writer = target_.writer(fence_, {});
  faults_->fail_write = 2;
  EXPECT_EQ(window(*writer, "1", 1), none);
  EXPECT_EQ(window(*writer, "2", 2), base::ErrorKind::transient);
  EXPECT_EQ(rows(), 1U);
  EXPECT_EQ(window(*writer, "2", 2), none);
  EXPECT_EQ(rows(), 2U);
}

TEST_F(FaultsTest, a_lost_commit_happened_or_not_and_the_writer_is_gone) {
  for (const bool happens : {false, true}) {
    const auto writer = target_.writer(fence_, {});
    const auto before = rows();
    faults_->lose_commit = 1;
    faults_->lost_commit_happens = happens;
    const std::uint64_t number = happens ? 2 : 1;
    EXPECT_EQ(window(*writer, happens ? "2" : "1", number), base::ErrorKind::connection_lost);
    EXPECT_EQ(rows(), before + (happens ? 1 : 0));
    EXPECT_EQ(target_.load_progress("m", {}).last_window, happens ? 2U : 0U);
    EXPECT_EQ(window(*writer, "9", 9), base::ErrorKind::connection_lost);
  }
}

TEST_F(FaultsTest, after_a_crash_nothing_more_is_done) {
  const auto writer = target_.writer(fence_, {});
  faults_->crash_after_commit = 2;
  EXPECT_EQ(window(*writer, "1", 1), none);
  EXPECT_EQ(window(*writer, "2", 2), base::ErrorKind::fenced);
  EXPECT_EQ(window(*writer, "3", 3), base::ErrorKind::fenced);
  EXPECT_THROW(target_.renew(fence_, {}), base::Error);
  EXPECT_EQ(rows(), 2U);
  faults_->crashed = false;
  EXPECT_EQ(target_.load_progress("m", {}).last_window, 2U);
}

}  // namespace
}  // namespace wherry::tests
