#pragma once
// Tests of RowStoreSuite: chunks, windows, leases and progress.

#include "tests/contract/row_store_suite.h"

namespace wherry::tests {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::UnorderedElementsAre;

TEST_P(RowStoreSuite, a_table_is_made_as_the_sources) {
  begin_target();
  EXPECT_TRUE(lab_->target().definition(items)->carries_like(pair_.source));
  EXPECT_EQ(lab_->target().definition({"suite", "none"}), std::nullopt);
}

TEST_P(RowStoreSuite, a_table_that_is_not_wanted_any_more_is_gone_when_tables_are_made_again) {
  const auto fence = begin_target();
  lab_->target().create_tables(fence, lab_->source(), {pair_});
  EXPECT_TRUE(lab_->target().definition(items)->carries_like(pair_.source));
  lab_->target().create_tables(fence, lab_->source(), {});
  EXPECT_EQ(lab_->target().definition(items), std::nullopt);
  lab_->target().create_tables(fence, lab_->source(), {pair_});
  EXPECT_TRUE(lab_->target().definition(items)->carries_like(pair_.source));
}

TEST_P(RowStoreSuite, a_chunk_is_written_with_its_mark) {
  const auto fence = begin_target();
  const auto writer = lab_->target().writer(fence, {});
  const auto chunk = range({}, 10);
  writer->write_chunk(pair_, batch({item(1, "a"), item(2, std::nullopt, "c", -5)}), mark(chunk, 2),
                      contract::ChunkWrite::upsert);
  EXPECT_THAT(rows(Side::target), ElementsAre(item(1, "a"), item(2, std::nullopt, "c", -5)));
  const auto progress = lab_->target().load_progress("suite", {});
  ASSERT_EQ(progress.chunks.size(), 1U);
  EXPECT_EQ(progress.chunks[0].chunk, chunk);
  EXPECT_EQ(progress.chunks[0].bracket.low, at(10));
  EXPECT_EQ(progress.chunks[0].bracket.high, at(20));
  EXPECT_EQ(progress.chunks[0].rows, 2U);
  EXPECT_EQ(progress.chunks[0].bytes, 1000U);
}

TEST_P(RowStoreSuite, a_chunk_without_rows_is_marked_too) {
  const auto writer = lab_->target().writer(begin_target(), {});
  writer->write_chunk(pair_, batch({}), mark(whole(), 0), contract::ChunkWrite::upsert);
  EXPECT_EQ(lab_->target().load_progress("suite", {}).chunks.at(0).chunk, whole());
}

TEST_P(RowStoreSuite, a_chunk_written_again_converges) {
  const auto writer = lab_->target().writer(begin_target(), {});
  writer->write_chunk(pair_, batch({item(1, "old"), item(2)}), mark(whole(), 2),
                      contract::ChunkWrite::upsert);
  writer->write_chunk(pair_, batch({item(1, "new"), item(2)}), mark(range({}, 5), 2),
                      contract::ChunkWrite::upsert);
  EXPECT_THAT(rows(Side::target), ElementsAre(item(1, "new"), item(2)));
  const auto chunks = lab_->target().load_progress("suite", {}).chunks;
  ASSERT_EQ(chunks.size(), 1U);
  EXPECT_EQ(chunks[0].chunk, range({}, 5));
}

TEST_P(RowStoreSuite, a_window_takes_effect_as_a_whole_with_its_position) {
  const auto writer = lab_->target().writer(begin_target(), {});
  writer->write_chunk(pair_, batch({item(1), item(2), item(3)}), mark(whole(), 3),
                      contract::ChunkWrite::upsert);
  writer->begin_window();
  writer->remove(pair_, {key(1), key(99)});
  writer->put(pair_, batch({item(2, "changed"), item(4)}));
  EXPECT_THAT(ids(rows(Side::target)), ElementsAre(1, 2, 3));
  EXPECT_EQ(lab_->target().load_progress("suite", {}).position, at(4));
  writer->commit_window({1, at(50), "dirty"}, 0);
  EXPECT_THAT(rows(Side::target), ElementsAre(item(2, "changed"), item(3), item(4)));
  EXPECT_EQ(lab_->target().load_progress("suite", {}).position, at(50));
}

TEST_P(RowStoreSuite, a_window_rolled_back_leaves_nothing) {
  const auto writer = lab_->target().writer(begin_target(), {});
  writer->begin_window();
  writer->put(pair_, batch({item(1)}));
  writer->rollback();
  EXPECT_THAT(rows(Side::target), IsEmpty());
  writer->begin_window();
  writer->put(pair_, batch({item(2)}));
  writer->commit_window({1, at(50), ""}, 0);
  EXPECT_THAT(rows(Side::target), ElementsAre(item(2)));
}

TEST_P(RowStoreSuite, a_window_not_committed_is_gone_with_its_writer) {
  const auto fence = begin_target();
  auto writer = lab_->target().writer(fence, {});
  writer->begin_window();
  writer->put(pair_, batch({item(1)}));
  writer.reset();
  EXPECT_THAT(rows(Side::target), IsEmpty());
  EXPECT_EQ(lab_->target().load_progress("suite", {}).position, at(4));
}

TEST_P(RowStoreSuite, a_window_applied_twice_converges) {
  const auto writer = lab_->target().writer(begin_target(), {});
  writer->write_chunk(pair_, batch({item(1, "a", "x"), item(2, "b", "y")}), mark(whole(), 2),
                      contract::ChunkWrite::upsert);
  for (std::uint64_t number : {1U, 2U}) {
    writer->begin_window();
    writer->remove(pair_, {key(1)});
    writer->put(pair_, batch({item(2, "b", "x"), item(3, "c", "y")}));
    writer->commit_window({number, at(50), ""}, 0);
    EXPECT_THAT(rows(Side::target), ElementsAre(item(2, "b", "x"), item(3, "c", "y")));
  }
}

TEST_P(RowStoreSuite, unique_values_swapped_between_rows_arrive) {
  const auto writer = lab_->target().writer(begin_target(), {});
  writer->write_chunk(pair_, batch({item(1, "", "a"), item(2, "", "b"), item(3, "", "c")}),
                      mark(whole(), 3), contract::ChunkWrite::upsert);
  writer->begin_window();
  writer->put(pair_, batch({item(1, "", "b"), item(2, "", "a")}));
  writer->commit_window({1, at(50), ""}, 0);
  EXPECT_THAT(rows(Side::target),
              ElementsAre(item(1, "", "b"), item(2, "", "a"), item(3, "", "c")));
  writer->begin_window();
  writer->remove(pair_, {key(3)});
  writer->put(pair_, batch({item(1, "", "c"), item(2, "", "b"), item(4, "", "a")}));
  writer->commit_window({2, at(60), ""}, 0);
  EXPECT_THAT(rows(Side::target),
              ElementsAre(item(1, "", "c"), item(2, "", "b"), item(4, "", "a")));
}

TEST_P(RowStoreSuite, a_writer_that_was_taken_over_writes_nothing) {
  const auto old_fence = begin_target();
  const auto old_writer = lab_->target().writer(old_fence, {});
  old_writer->begin_window();
  old_writer->put(pair_, batch({item(1)}));
  // A store may wait for the old writer's transaction, or end it.
  old_writer->rollback();
  const auto fence = acquire();
  EXPECT_GT(fence.epoch, old_fence.epoch);
  EXPECT_EQ(kind_of([&] {
              old_writer->begin_window();
              old_writer->put(pair_, batch({item(1)}));
              old_writer->commit_window({1, at(50), ""}, 0);
            }),
            base::ErrorKind::fenced);
  old_writer->rollback();
  EXPECT_EQ(kind_of([&] {
              old_writer->write_chunk(pair_, batch({item(2)}), mark(whole(), 1),
                                      contract::ChunkWrite::upsert);
            }),
            base::ErrorKind::fenced);
  EXPECT_EQ(kind_of([&] { lab_->target().renew(old_fence, {}); }), base::ErrorKind::fenced);
  EXPECT_THAT(rows(Side::target), IsEmpty());
  const auto progress = lab_->target().load_progress("suite", {});
  EXPECT_EQ(progress.position, at(4));
  EXPECT_THAT(progress.chunks, IsEmpty());

  const auto writer = lab_->target().writer(fence, {});
  writer->write_chunk(pair_, batch({item(3)}), mark(whole(), 1), contract::ChunkWrite::upsert);
  EXPECT_THAT(rows(Side::target), ElementsAre(item(3)));
}

TEST_P(RowStoreSuite, a_valid_lease_keeps_others_out) {
  const auto fence = acquire("one");
  EXPECT_EQ(kind_of([&] { acquire("two"); }), base::ErrorKind::rejected);
  lab_->target().renew(fence, {});  // it is still its owner's
}

TEST_P(RowStoreSuite, a_lease_that_was_not_renewed_is_taken_over) {
  const auto old_fence = acquire("one");
  lab_->let_time_pass(std::chrono::seconds(3));
  const auto fence = acquire("two");
  EXPECT_GT(fence.epoch, old_fence.epoch);
  EXPECT_EQ(kind_of([&] { lab_->target().renew(old_fence, {}); }), base::ErrorKind::fenced);
  EXPECT_EQ(kind_of([&] { acquire("one"); }), base::ErrorKind::rejected);
}

TEST_P(RowStoreSuite, a_lease_is_kept_by_renewing_it) {
  const auto fence = acquire("one");
  for (int i = 0; i < 3; ++i) {
    lab_->let_time_pass(std::chrono::seconds(1));
    lab_->target().renew(fence, {});
  }
  EXPECT_EQ(kind_of([&] { acquire("two"); }), base::ErrorKind::rejected);
}

TEST_P(RowStoreSuite, a_released_lease_is_free_at_once) {
  const auto fence = begin_target();
  lab_->target().release(fence);
  EXPECT_GT(acquire("two").epoch, fence.epoch);
  const auto writer = lab_->target().writer(fence, {});
  EXPECT_EQ(kind_of([&] {
              writer->write_chunk(pair_, batch({item(1)}), mark(whole(), 1),
                                  contract::ChunkWrite::upsert);
            }),
            base::ErrorKind::fenced);
}

TEST_P(RowStoreSuite, leases_of_different_migrations_do_not_meet) {
  acquire("one");
  EXPECT_NO_THROW(lab_->target().acquire({"other", "two", std::chrono::seconds(2)}));
}

TEST_P(RowStoreSuite, progress_is_loaded_as_it_was_kept) {
  EXPECT_EQ(lab_->target().load_progress("suite", {}).position, std::nullopt);
  const auto fence = begin_target();
  const auto writer = lab_->target().writer(fence, {});
  const model::Chunk odd{7, 3, model::Key({std::string("\0\xff", 2)}), model::Key({""})};
  writer->write_chunk(pair_, batch({item(1)}), mark(odd, 1), contract::ChunkWrite::upsert);
  const std::string dirty("\0\x80\xffkeys", 7);
  for (std::uint64_t number : {1U, 2U, 5U}) {
    writer->begin_window();
    writer->commit_window({number, at(100 * number), number == 2 ? "" : dirty}, 0);
  }
  lab_->crash(Side::target);
  const auto progress = lab_->target().load_progress("suite", {});
  EXPECT_EQ(progress.position, at(500));
  EXPECT_EQ(progress.last_window, 5U);
  EXPECT_EQ(progress.chunks.at(0).chunk, odd);
  std::vector<std::uint64_t> numbers;
  for (const auto& window : progress.windows) {
    if (window.dirty_keys.empty()) continue;
    numbers.push_back(window.number);
    EXPECT_EQ(window.dirty_keys, dirty);
    EXPECT_EQ(window.end, at(100 * window.number));
  }
  EXPECT_THAT(numbers, ElementsAre(1, 5));
}

TEST_P(RowStoreSuite, windows_are_forgotten_in_the_transaction_that_says_so) {
  const auto writer = lab_->target().writer(begin_target(), {});
  for (std::uint64_t number = 1; number <= 4; ++number) {
    writer->begin_window();
    writer->commit_window({number, at(100 * number), "dirty"}, number == 4 ? 2 : 0);
  }
  std::vector<std::uint64_t> numbers;
  for (const auto& window : lab_->target().load_progress("suite", {}).windows)
    numbers.push_back(window.number);
  EXPECT_THAT(numbers, ElementsAre(3, 4));
}

TEST_P(RowStoreSuite, a_stream_starts_where_the_last_planning_says_until_something_is_written) {
  const auto fence = begin_target();
  EXPECT_NO_THROW(lab_->target().start_stream(fence, start_));  // a repeat after a crash
  EXPECT_NO_THROW(lab_->target().start_stream(fence, at(99)));
  EXPECT_EQ(lab_->target().load_progress("suite", {}).position, at(99));
  const auto writer = lab_->target().writer(fence, {});
  writer->begin_window();
  writer->commit_window({1, at(100), ""}, 0);
  EXPECT_TRUE(kind_of([&] { lab_->target().start_stream(fence, at(101)); }));
  EXPECT_EQ(lab_->target().load_progress("suite", {}).position, at(100));
}

TEST_P(RowStoreSuite, a_writer_is_lost_with_its_server_and_its_open_window_too) {
  const auto fence = begin_target();
  const auto writer = lab_->target().writer(fence, {});
  writer->write_chunk(pair_, batch({item(1)}), mark(whole(), 1), contract::ChunkWrite::upsert);
  writer->begin_window();
  writer->put(pair_, batch({item(2)}));
  lab_->crash(Side::target);
  EXPECT_EQ(kind_of([&] {
              writer->commit_window({1, at(50), ""}, 0);
            }),
            base::ErrorKind::connection_lost);
  EXPECT_THAT(rows(Side::target), ElementsAre(item(1)));
  EXPECT_EQ(lab_->target().load_progress("suite", {}).position, at(4));
  const auto again = lab_->target().writer(fence, {});
  again->begin_window();
  again->put(pair_, batch({item(2)}));
  again->commit_window({1, at(50), ""}, 0);
  EXPECT_THAT(rows(Side::target), ElementsAre(item(1), item(2)));
}

TEST_P(RowStoreSuite, a_forgotten_migration_leaves_the_data) {
  const auto writer = lab_->target().writer(begin_target(), {});
  writer->write_chunk(pair_, batch({item(1)}), mark(whole(), 1), contract::ChunkWrite::upsert);
  lab_->target().forget("suite");
  lab_->target().prepare();  // a store may have removed its own schema with the last migration
  const auto progress = lab_->target().load_progress("suite", {});
  EXPECT_EQ(progress.position, std::nullopt);
  EXPECT_THAT(progress.chunks, IsEmpty());
  EXPECT_THAT(rows(Side::target), ElementsAre(item(1)));
}

TEST_P(RowStoreSuite, statements_for_people_name_what_they_change) {
  begin_target();
  const auto lines = lab_->target().statements(pair_, {key(17)}, batch({item(42, "walrus")}));
  const std::string all = testing::PrintToString(lines);
  EXPECT_THAT(all, testing::HasSubstr("items"));
  EXPECT_THAT(all, testing::HasSubstr("17"));
  EXPECT_THAT(all, testing::HasSubstr("walrus"));
  EXPECT_THAT(rows(Side::target), IsEmpty());
}

}  // namespace wherry::tests
