#include "ledger/ledger.h"

#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace wherry::ledger {
namespace {

using model::Key;
using model::Position;
using testing::ElementsAre;
using testing::IsEmpty;

Key k(int n) { return Key({std::to_string(n)}); }

Position at(std::uint64_t offset) {
  Position p;
  p.offset = offset;
  return p;
}

model::Proof proof(model::CollectionId table, std::uint32_t chunk, std::uint64_t low,
                   std::uint64_t rows = 10) {
  model::Proof p;
  p.collection = table;
  p.chunk = chunk;
  p.bracket = {at(low), at(low + 5)};
  p.applied = at(low + 5);
  p.digest.rows = rows;
  p.at = std::chrono::system_clock::time_point(std::chrono::seconds(low));
  return p;
}

class LedgerTest : public testing::Test {
 protected:
  LedgerTest() { ledger_.start_tracking(1); }

  void touch(std::uint64_t window, std::uint64_t end, const TouchedKeys& keys) {
    EXPECT_THAT(ledger_.touch(window, at(end), keys), IsEmpty());
  }

  Ledger ledger_{100 * Ledger::bytes_of(k(1))};
};

TEST_F(LedgerTest, a_key_touched_after_its_proofs_low_is_dirty) {
  ASSERT_TRUE(ledger_.add_proof(proof(1, 0, 50)));
  touch(1, 60, {{1, {k(1), k(2)}}});
  EXPECT_EQ(ledger_.counts(1), (TableCounts{1, 10, 2}));
  EXPECT_TRUE(ledger_.touched_after(1, k(1), at(50)));
  EXPECT_FALSE(ledger_.touched_after(1, k(3), at(50)));
}

TEST_F(LedgerTest, touched_after_is_strict_about_the_window_end) {
  touch(1, 60, {{1, {k(1)}}});
  EXPECT_TRUE(ledger_.touched_after(1, k(1), at(59)));
  EXPECT_FALSE(ledger_.touched_after(1, k(1), at(60)));
}

TEST_F(LedgerTest, a_key_proved_by_itself_from_its_windows_end_on_is_clean) {
  touch(1, 60, {{1, {k(1), k(2)}}});
  ledger_.clean(1, {k(1)}, at(60));
  EXPECT_THAT(ledger_.oldest_dirty(10)->keys, ElementsAre(k(2)));
}

TEST_F(LedgerTest, a_read_that_began_before_the_windows_end_cleans_nothing) {
  touch(1, 60, {{1, {k(1)}}});
  ledger_.clean(1, {k(1)}, at(59));
  EXPECT_EQ(ledger_.counts(1).dirty_keys, 1U);
}

TEST_F(LedgerTest, a_key_touched_again_needs_a_read_after_the_later_window) {
  touch(1, 60, {{1, {k(1)}}});
  touch(2, 70, {{1, {k(1)}}});
  ledger_.clean(1, {k(1)}, at(65));
  EXPECT_EQ(ledger_.counts(1).dirty_keys, 1U);
  ledger_.clean(1, {k(1)}, at(70));
  EXPECT_EQ(ledger_.counts(1).dirty_keys, 0U);
}

TEST_F(LedgerTest, a_new_chunk_proof_leaves_dirty_keys_dirty) {
  touch(1, 60, {{1, {k(1)}}});
  ASSERT_TRUE(ledger_.add_proof(proof(1, 0, 90)));
  EXPECT_EQ(ledger_.counts(1).dirty_keys, 1U);
}

TEST_F(LedgerTest, keys_of_tables_not_tracked_are_not_kept) {
  touch(1, 60, {{1, {k(1)}}, {2, {k(1)}}});
  EXPECT_EQ(ledger_.totals().dirty_keys, 1U);
  EXPECT_EQ(ledger_.tracked({{1, {k(1)}}, {2, {k(1)}}}), (TouchedKeys{{1, {k(1)}}}));
}

TEST_F(LedgerTest, a_proof_older_than_the_tables_tracking_is_refused) {
  touch(1, 60, {{2, {k(1)}}});
  EXPECT_FALSE(ledger_.add_proof(proof(2, 0, 100)));
  ledger_.start_tracking(2);
  EXPECT_FALSE(ledger_.add_proof(proof(2, 0, 59)));
  EXPECT_TRUE(ledger_.add_proof(proof(2, 0, 60)));
}

TEST_F(LedgerTest, tracking_started_twice_forgets_nothing) {
  touch(1, 60, {{1, {k(1)}}});
  ledger_.start_tracking(1);
  EXPECT_EQ(ledger_.counts(1).dirty_keys, 1U);
  EXPECT_TRUE(ledger_.add_proof(proof(1, 0, 50)));
}

TEST_F(LedgerTest, windows_are_forgotten_in_order) {
  touch(1, 10, {{1, {k(1)}}});
  touch(2, 20, {{1, {k(2)}}});
  touch(3, 30, {});
  EXPECT_EQ(ledger_.forget_through(), 0U);
  ledger_.clean(1, {k(2)}, at(30));
  EXPECT_EQ(ledger_.forget_through(), 0U);
  ledger_.clean(1, {k(1)}, at(30));
  EXPECT_EQ(ledger_.forget_through(), 3U);
}

TEST_F(LedgerTest, a_hot_key_does_not_hold_its_earlier_windows) {
  for (std::uint64_t w = 1; w <= 5; ++w) touch(w, w * 10, {{1, {k(1)}}});
  EXPECT_EQ(ledger_.forget_through(), 4U);
  EXPECT_EQ(ledger_.counts(1).dirty_keys, 1U);
}

TEST_F(LedgerTest, a_key_that_others_touched_is_clean_after_a_read_behind_both_places) {
  touch(1, 60, {});
  EXPECT_THAT(ledger_.touch_foreign(2, at(700), {{1, {k(1), k(2)}}}), IsEmpty());
  ledger_.clean(1, {k(1)}, at(60), at(699));
  ledger_.clean(1, {k(1)}, at(59), at(700));
  EXPECT_EQ(ledger_.counts(1).dirty_keys, 2U);
  ledger_.clean(1, {k(1)}, at(60), at(700));
  EXPECT_THAT(ledger_.oldest_dirty(10)->keys, ElementsAre(k(2)));
}

TEST_F(LedgerTest, what_others_touched_does_not_keep_windows_from_being_forgotten) {
  EXPECT_FALSE(ledger_.oldest_foreign());
  EXPECT_THAT(ledger_.touch_foreign(1, at(700), {{1, {k(1)}}}), IsEmpty());
  touch(2, 20, {{1, {k(2)}}});
  EXPECT_THAT(ledger_.touch_foreign(3, at(800), {{1, {k(3)}}}), IsEmpty());
  EXPECT_EQ(ledger_.forget_through(), 1U);
  ledger_.clean(1, {k(2)}, at(20));
  EXPECT_EQ(ledger_.forget_through(), 3U);
  EXPECT_EQ(ledger_.oldest_foreign(), 1U);
  ledger_.clean(1, {k(1)}, at(20), at(800));
  EXPECT_EQ(ledger_.oldest_foreign(), 3U);
}

// A read that stands before it may lack what a window wrote whose end the ledger knows already.
TEST_F(LedgerTest, a_foreign_touch_takes_no_windows_end_back) {
  touch(1, 60, {{1, {k(1)}}});
  EXPECT_THAT(ledger_.touch_foreign(2, at(700), {{1, {k(1)}}}), IsEmpty());
  ledger_.clean(1, {k(1)}, at(59), at(700));
  EXPECT_EQ(ledger_.counts(1).dirty_keys, 1U);
  EXPECT_TRUE(ledger_.touched_after(1, k(1), at(59)));
}

TEST_F(LedgerTest, a_window_touched_again_by_a_repeat_counts_once) {
  touch(1, 10, {{1, {k(1)}}});
  touch(1, 10, {{1, {k(1), k(2)}}});
  EXPECT_EQ(ledger_.counts(1).dirty_keys, 2U);
  ledger_.clean(1, {k(1), k(2)}, at(10));
  EXPECT_EQ(ledger_.forget_through(), 1U);
}

TEST_F(LedgerTest, the_oldest_touched_come_first_and_of_one_table) {
  ledger_.start_tracking(2);
  touch(1, 10, {{2, {k(7)}}});
  touch(2, 20, {{1, {k(1), k(2), k(3)}}});
  touch(3, 30, {{1, {k(1)}}, {2, {k(7)}}});
  const auto dirty = ledger_.oldest_dirty(2);
  EXPECT_EQ(dirty->table, 1U);
  EXPECT_THAT(dirty->keys, ElementsAre(k(2), k(3)));
}

TEST_F(LedgerTest, deferred_keys_come_last_and_stay_dirty) {
  touch(1, 10, {{1, {k(1), k(2), k(3)}}});
  ledger_.defer(1, {k(1), k(2), k(99)});
  EXPECT_THAT(ledger_.oldest_dirty(10)->keys, ElementsAre(k(3), k(1), k(2)));
  EXPECT_EQ(ledger_.forget_through(), 0U);
}

TEST_F(LedgerTest, a_table_of_deferred_keys_does_not_starve_the_others) {
  ledger_.start_tracking(2);
  touch(1, 10, {{1, {k(1)}}});
  touch(2, 20, {{2, {k(2)}}});
  EXPECT_EQ(ledger_.oldest_dirty(1)->table, 1U);
  ledger_.defer(1, {k(1)});
  EXPECT_EQ(ledger_.oldest_dirty(1)->table, 2U);
}

TEST_F(LedgerTest, nothing_dirty_is_said_as_nothing) {
  EXPECT_FALSE(ledger_.oldest_dirty(10));
  touch(1, 10, {{1, {k(1)}}});
  ledger_.clean(1, {k(1)}, at(10));
  EXPECT_FALSE(ledger_.oldest_dirty(10));
}

class SmallLedger : public testing::Test {
 protected:
  SmallLedger() {
    ledger_.start_tracking(1);
    ledger_.start_tracking(2);
    EXPECT_TRUE(ledger_.add_proof(proof(1, 0, 5)));
    EXPECT_TRUE(ledger_.add_proof(proof(2, 0, 5)));
    EXPECT_THAT(ledger_.touch(1, at(10), {{1, {k(1), k(2), k(3)}}, {2, {k(1)}}}), IsEmpty());
  }
  Ledger ledger_{4 * Ledger::bytes_of(k(1))};
};

TEST_F(SmallLedger, a_table_beyond_the_limit_loses_its_proofs_and_dirty_keys) {
  EXPECT_THAT(ledger_.touch(2, at(20), {{1, {k(4), k(5), k(6), k(7), k(8)}}, {2, {k(2)}}}),
              ElementsAre(1));
  EXPECT_EQ(ledger_.counts(1), TableCounts{});
  EXPECT_EQ(ledger_.counts(2), (TableCounts{1, 10, 2}));
  EXPECT_FALSE(ledger_.proof(1, 0));
}

TEST_F(SmallLedger, it_is_the_table_with_the_most_that_goes) {
  EXPECT_THAT(ledger_.touch(2, at(20), {{2, {k(2)}}}), ElementsAre(1));
  EXPECT_EQ(ledger_.counts(1), TableCounts{});
  EXPECT_EQ(ledger_.counts(2), (TableCounts{1, 10, 2}));
  EXPECT_FALSE(ledger_.add_proof(proof(1, 0, 19)));
  EXPECT_THAT(ledger_.touch(3, at(30), {{1, {k(1), k(2)}}}), IsEmpty());
}

TEST_F(SmallLedger, long_keys_take_more_of_it) {
  const Key longer({std::string(200, 'x')});
  EXPECT_THAT(ledger_.touch(2, at(20), {{2, {longer}}}), ElementsAre(2));
  EXPECT_EQ(ledger_.counts(1), (TableCounts{1, 10, 3}));
}

TEST_F(SmallLedger, touching_known_keys_again_does_not_overflow) {
  EXPECT_THAT(ledger_.touch(2, at(20), {{1, {k(1), k(2), k(3)}}}), IsEmpty());
}

TEST_F(SmallLedger, a_proof_read_before_an_overflow_is_refused_after_it) {
  EXPECT_THAT(ledger_.touch(2, at(20), {{1, {k(4)}}}), ElementsAre(1));
  EXPECT_FALSE(ledger_.add_proof(proof(1, 0, 19)));
  EXPECT_TRUE(ledger_.add_proof(proof(1, 0, 20)));
}

TEST_F(SmallLedger, an_overflow_lets_its_windows_be_forgotten) {
  ledger_.clean(2, {k(1)}, at(10));
  EXPECT_EQ(ledger_.forget_through(), 0U);
  EXPECT_THAT(ledger_.touch(2, at(20), {{1, {k(4), k(5)}}}), ElementsAre(1));
  EXPECT_EQ(ledger_.forget_through(), 2U);
}

TEST_F(SmallLedger, after_an_overflow_keys_are_recorded_again) {
  EXPECT_THAT(ledger_.touch(2, at(20), {{1, {k(4)}}}), ElementsAre(1));
  EXPECT_THAT(ledger_.touch(3, at(30), {{1, {k(5)}}}), IsEmpty());
  EXPECT_TRUE(ledger_.touched_after(1, k(5), at(20)));
}

TEST_F(LedgerTest, a_dropped_table_refuses_proofs_read_before_the_drop) {
  ASSERT_TRUE(ledger_.add_proof(proof(1, 0, 5)));
  touch(1, 10, {{1, {k(1)}}});
  ledger_.drop_table(1, at(15));
  EXPECT_EQ(ledger_.totals(), TableCounts{});
  EXPECT_EQ(ledger_.forget_through(), 1U);
  EXPECT_FALSE(ledger_.add_proof(proof(1, 0, 14)));
  EXPECT_TRUE(ledger_.add_proof(proof(1, 0, 15)));
  touch(2, 20, {{1, {k(1)}}});
  EXPECT_EQ(ledger_.counts(1).dirty_keys, 1U);
}

TEST_F(LedgerTest, counts_follow_proofs) {
  ASSERT_TRUE(ledger_.add_proof(proof(1, 0, 9, 100)));
  ASSERT_TRUE(ledger_.add_proof(proof(1, 1, 7, 50)));
  EXPECT_EQ(ledger_.totals(), (TableCounts{2, 150, 0}));
  EXPECT_EQ(ledger_.oldest_proof()->chunk, 1U);
  ASSERT_TRUE(ledger_.add_proof(proof(1, 1, 11, 60)));
  EXPECT_EQ(ledger_.totals(), (TableCounts{2, 160, 0}));
  EXPECT_EQ(ledger_.oldest_proof()->chunk, 0U);
  ledger_.drop_proof(1, 0);
  EXPECT_EQ(ledger_.totals(), (TableCounts{1, 60, 0}));
  EXPECT_EQ(ledger_.proof(1, 1)->bracket.low, at(11));
}

TEST(Ledger, holds_a_million_dirty_keys_and_lets_them_go) {
  Ledger ledger(1'000'000 * Ledger::bytes_of(k(1)));
  ledger.start_tracking(1);
  constexpr int per_window = 10'000;
  for (int w = 0; w < 100; ++w) {
    TouchedKeys keys;
    for (int i = 0; i < per_window; ++i) keys[1].push_back(k(w * per_window + i));
    EXPECT_THAT(ledger.touch(static_cast<std::uint64_t>(w) + 1,
                             at(static_cast<std::uint64_t>(w) + 1), keys),
                IsEmpty());
  }
  EXPECT_EQ(ledger.totals().dirty_keys, 1'000'000U);
  while (const auto dirty = ledger.oldest_dirty(5'000)) {
    ledger.clean(1, dirty->keys, at(100));
  }
  EXPECT_EQ(ledger.forget_through(), 100U);
}

}  // namespace
}  // namespace wherry::ledger
