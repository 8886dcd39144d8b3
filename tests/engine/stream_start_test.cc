// Where a stream begins beside transactions that were prepared earlier.

#include "engine/stream_start.h"

#include <deque>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "base/error.h"
#include "journal/sqlite.h"
#include "tests/engine/row_test_bed.h"

namespace wherry::engine {
namespace {

using namespace std::chrono_literals;

using Names = std::vector<std::string>;

// Its log grows with every look at it; it answers prepared() from a script, the last answer for
// ever.
class ScriptedSource final : public contract::RowSource {
 public:
  explicit ScriptedSource(std::deque<Names> script) : script_(std::move(script)) {}

  model::Position position() override {
    return model::Position::in_log("bin.000001", end_ += grows_by);
  }
  model::Position start() override { return position(); }
  model::Position resume_at(const model::Position& applied, const std::stop_token&) override {
    return applied;
  }
  void meet_anew() override {}
  Names prepared() override {
    auto now = script_.front();
    if (script_.size() > 1) script_.pop_front();
    return now;
  }
  std::string describe() override { return "scripted"; }
  std::string identity() override { return "scripted"; }
  std::vector<model::Finding> assess(const contract::TableFilter&) override { return {}; }
  std::vector<model::TableSchema> tables(const contract::TableFilter&) override { return {}; }
  std::vector<contract::CascadeRule> cascades(const std::vector<contract::TablePair>&) override {
    return {};
  }
  std::unique_ptr<contract::RowReader> reader(const std::stop_token&) override { return nullptr; }
  std::unique_ptr<contract::ChangeLog> changes(const model::Position&,
                                               contract::TrackedTables) override {
    return nullptr;
  }
  contract::SourceLoad load() override { return {}; }
  model::Position final_position(std::chrono::milliseconds, const std::stop_token&) override {
    return {};
  }

  std::uint64_t grows_by = 100;

 private:
  std::deque<Names> script_;
  std::uint64_t end_ = 0;
};

class StreamStart : public testing::Test {
 protected:
  std::unique_ptr<journal::Journal> journal_ =
      journal::open_sqlite((fresh_folder("stream-start") / "journal.db").string());
};

TEST_F(StreamStart, waits_for_what_was_prepared_before_and_for_nothing_else) {
  ScriptedSource source(std::deque<Names>{{"a", "b"}, {"b", "c"}, {"c", "d"}});
  const auto start = stream_start(source, *journal_, 60s, {});
  EXPECT_EQ(start.text(), "bin.000001:200 since bin.000001:100");
  EXPECT_EQ(source.prepared(), (Names{"c", "d"}));
  const auto told = journal_->events();
  ASSERT_FALSE(told.empty());
  EXPECT_NE(told.back().detail.find("a; b"), std::string::npos);
}

TEST_F(StreamStart, is_the_logs_end_where_nothing_is_prepared_and_nothing_happens) {
  ScriptedSource source(std::deque<Names>{Names{}});
  source.grows_by = 0;
  EXPECT_FALSE(stream_start(source, *journal_, 60s, {}).since);
  source.grows_by = 100;
  EXPECT_TRUE(stream_start(source, *journal_, 60s, {}).since)
      << "something may have been prepared in between";
}

TEST_F(StreamStart, gives_up_by_name) {
  ScriptedSource source(std::deque<Names>{{"XA X'61',X'',1"}});
  try {
    (void)stream_start(source, *journal_, 1ms, {});
    FAIL() << "it began";
  } catch (const base::Error& e) {
    EXPECT_EQ(e.code(), "plan.prepared_transactions");
    EXPECT_EQ(e.kind(), base::ErrorKind::rejected);
    EXPECT_NE(e.context().find("XA X'61',X'',1"), std::string::npos);
  }
}

TEST_F(StreamStart, is_not_waited_for_after_a_stop) {
  ScriptedSource source(std::deque<Names>{{"a"}});
  std::stop_source stop;
  stop.request_stop();
  try {
    (void)stream_start(source, *journal_, 60s, stop.get_token());
    FAIL() << "it began";
  } catch (const base::Error& e) {
    EXPECT_EQ(e.kind(), base::ErrorKind::cancelled);
  }
}

}  // namespace
}  // namespace wherry::engine
