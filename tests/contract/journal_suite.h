#pragma once
// What every journal must do, whatever keeps it. A journal joins with a factory for empty ones:
//   INSTANTIATE_TEST_SUITE_P(sqlite, JournalSuite, testing::Values(&make_sqlite_journal));

#include <atomic>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/code_of.h"
#include "journal/journal.h"

namespace wherry::tests {

// An empty journal; it may keep what it needs on the side as long as it lives.
using JournalFactory = std::shared_ptr<journal::Journal> (*)();

class JournalSuite : public testing::TestWithParam<JournalFactory> {
 protected:
  static journal::TableRecord table(model::CollectionId id) {
    journal::TableRecord t;
    t.id = id;
    t.source.name = {"shop",
                     "or\xff"
                     "ders"};
    t.source.columns.resize(1);
    t.source.columns[0].name = "id";
    t.source.key = {0};
    t.target = {"neu",
                "or\xff"
                "ders"};
    return t;
  }
  static model::Position at(std::uint32_t sequence, std::uint64_t offset) {
    return model::Position::in_log("binlog." + std::to_string(sequence), offset, "0-1-7");
  }
  static model::Proof proof(model::CollectionId id, std::uint32_t chunk, model::Position applied) {
    model::Proof p;
    p.collection = id;
    p.chunk = chunk;
    p.bracket = {at(1, 4), at(1, 8)};
    p.applied = std::move(applied);
    p.digest = {12, {0xfedcba9876543210U, 0x8000000000000001U}};
    p.way = "stream-xxh3";
    p.at = std::chrono::system_clock::time_point(std::chrono::microseconds(1234567));
    return p;
  }
  static journal::ChunkRecord done(const model::Chunk& chunk) {
    return {chunk, true, {at(3, 100), at(3, 200)}, 10, 1000};
  }
  std::vector<std::uint32_t> proved() {
    std::vector<std::uint32_t> out;
    for (const auto& p : journal_->proofs()) out.push_back(p.chunk);
    return out;
  }

  std::shared_ptr<journal::Journal> journal_ = GetParam()();
};

TEST_P(JournalSuite, facts_are_set_and_replaced) {
  EXPECT_EQ(journal_->fact("a"), std::nullopt);
  journal_->set_fact("a", "");
  EXPECT_EQ(journal_->fact("a"), "");
  journal_->set_fact("a", std::string("x\0y", 3));
  EXPECT_EQ(journal_->fact("a"), std::string("x\0y", 3));
}

TEST_P(JournalSuite, a_swap_needs_what_it_expects) {
  EXPECT_FALSE(journal_->swap_fact("a", "0", "1"));
  EXPECT_EQ(journal_->fact("a"), std::nullopt);
  EXPECT_TRUE(journal_->swap_fact("a", std::nullopt, "1"));
  EXPECT_FALSE(journal_->swap_fact("a", std::nullopt, "2"));
  EXPECT_TRUE(journal_->swap_fact("a", "1", "2"));
  EXPECT_EQ(journal_->fact("a"), "2");
}

TEST_P(JournalSuite, of_many_swaps_at_a_time_one_wins) {
  std::atomic<int> winners = 0;
  std::vector<std::jthread> threads;
  for (int i = 0; i < 16; ++i) {
    threads.emplace_back([&, i] {
      if (journal_->swap_fact("a", std::nullopt, std::to_string(i))) ++winners;
    });
  }
  threads.clear();
  EXPECT_EQ(winners, 1);
}

TEST_P(JournalSuite, events_are_numbered_in_order) {
  const auto now = std::chrono::system_clock::time_point(std::chrono::milliseconds(1500));
  journal_->append({99, now, "started", "", "", "by hand", "nothing"});
  journal_->append({0, now, "stopped", "", "", "", ""});
  const auto events = journal_->events();
  ASSERT_EQ(events.size(), 2U);
  EXPECT_EQ(events[0].kind, "started");
  EXPECT_EQ(events[0].at, now);
  EXPECT_EQ(events[0].detail, "by hand");
  EXPECT_EQ(events[0].undo, "nothing");
  EXPECT_LT(events[0].number, events[1].number);
  const auto later = journal_->events(events[0].number);
  ASSERT_EQ(later.size(), 1U);
  EXPECT_EQ(later[0].kind, "stopped");
}

TEST_P(JournalSuite, a_transition_sets_the_state_with_its_event) {
  journal_->transition({0, {}, "transition", "", "planned", "", ""});
  journal_->transition({0, {}, "transition", "planned", "copying", "", ""});
  EXPECT_EQ(journal_->fact("state"), "copying");
  EXPECT_EQ(journal_->events().size(), 2U);
}

TEST_P(JournalSuite, a_transition_from_another_state_changes_nothing) {
  journal_->transition({0, {}, "transition", "", "planned", "", ""});
  EXPECT_EQ(base::code_of([&] {
              journal_->transition({0, {}, "transition", "copying", "following", "", ""});
            }),
            "journal.state");
  EXPECT_EQ(journal_->fact("state"), "planned");
  EXPECT_EQ(journal_->events().size(), 1U);
}

TEST_P(JournalSuite, tables_are_read_back_with_any_name) {
  auto one = table(1);
  one.planned_through = model::Key({std::string("\0\xff", 2)});
  auto two = table(2);
  two.planned = true;
  two.dropped = true;
  journal_->put_tables({one, two});
  const auto tables = journal_->tables();
  ASSERT_EQ(tables.size(), 2U);
  EXPECT_EQ(tables[0].source.name, one.source.name);
  EXPECT_EQ(tables[0].target, one.target);
  EXPECT_EQ(tables[0].planned_through, one.planned_through);
  EXPECT_FALSE(tables[0].planned);
  EXPECT_TRUE(tables[1].planned);
  EXPECT_TRUE(tables[1].dropped);
  EXPECT_TRUE(tables[0].source.carries_like(one.source));
}

TEST_P(JournalSuite, a_known_table_keeps_how_far_it_is_planned) {
  journal_->put_tables({table(1)});
  const auto before = journal_->tables();
  journal_->plan_chunk({1, 0, std::nullopt, std::nullopt}, true);
  journal_->put_tables(before);
  EXPECT_TRUE(journal_->tables()[0].planned);
}

TEST_P(JournalSuite, planning_a_chunk_moves_its_table_on) {
  journal_->put_tables({table(1)});
  const model::Chunk first{1, 0, std::nullopt, model::Key({"10"})};
  const model::Chunk last{1, 1, model::Key({"10"}), std::nullopt};
  journal_->plan_chunk(first, false);
  EXPECT_EQ(journal_->tables()[0].planned_through, model::Key({"10"}));
  EXPECT_FALSE(journal_->tables()[0].planned);
  journal_->plan_chunk(last, true);
  EXPECT_TRUE(journal_->tables()[0].planned);
  const auto chunks = journal_->chunks(1);
  ASSERT_EQ(chunks.size(), 2U);
  EXPECT_EQ(chunks[0].chunk, first);
  EXPECT_EQ(chunks[1].chunk, last);
  EXPECT_FALSE(chunks[0].done);
}

TEST_P(JournalSuite, an_empty_key_is_not_an_open_end) {
  journal_->put_tables({table(1)});
  journal_->plan_chunk({1, 0, std::nullopt, model::Key()}, false);
  EXPECT_EQ(journal_->chunks(1)[0].chunk.through, model::Key());
  EXPECT_EQ(journal_->tables()[0].planned_through, model::Key());
}

TEST_P(JournalSuite, a_chunk_is_planned_once_and_for_a_known_table) {
  journal_->put_tables({table(1)});
  journal_->plan_chunk({1, 0, std::nullopt, std::nullopt}, true);
  EXPECT_NE(base::code_of([&] {
              journal_->plan_chunk({1, 0, std::nullopt, model::Key({"1"})}, false);
            }),
            "no error");
  EXPECT_TRUE(journal_->tables()[0].planned);
  EXPECT_NE(base::code_of([&] {
              journal_->plan_chunk({2, 0, std::nullopt, std::nullopt}, true);
            }),
            "no error");
  EXPECT_TRUE(journal_->chunks(2).empty());
}

TEST_P(JournalSuite, a_split_leaves_no_gap) {
  journal_->put_tables({table(1)});
  const model::Chunk whole{1, 0, std::nullopt, model::Key({"10"})};
  journal_->plan_chunk(whole, false);
  journal_->split_chunk(whole, model::Key({"4"}), {1, 1, model::Key({"4"}), model::Key({"10"})});
  const auto chunks = journal_->chunks(1);
  ASSERT_EQ(chunks.size(), 2U);
  EXPECT_EQ(chunks[0].chunk.through, model::Key({"4"}));
  EXPECT_EQ(chunks[1].chunk.after, model::Key({"4"}));
  EXPECT_EQ(chunks[1].chunk.through, model::Key({"10"}));
}

TEST_P(JournalSuite, a_split_that_does_not_fit_changes_nothing) {
  journal_->put_tables({table(1)});
  const model::Chunk whole{1, 0, std::nullopt, model::Key({"10"})};
  journal_->plan_chunk(whole, false);
  auto other = whole;
  other.through = model::Key({"11"});
  const model::Chunk rest{1, 1, model::Key({"4"}), model::Key({"10"})};
  EXPECT_EQ(base::code_of([&] { journal_->split_chunk(other, model::Key({"4"}), rest); }),
            "journal.chunk");
  journal_->chunk_done(done(whole));
  EXPECT_EQ(base::code_of([&] { journal_->split_chunk(whole, model::Key({"4"}), rest); }),
            "journal.chunk");
  ASSERT_EQ(journal_->chunks(1).size(), 1U);
  EXPECT_EQ(journal_->chunks(1)[0].chunk, whole);
}

TEST_P(JournalSuite, a_chunk_is_done_only_in_its_planned_range) {
  journal_->put_tables({table(1)});
  const model::Chunk chunk{1, 0, std::nullopt, model::Key({"10"})};
  journal_->plan_chunk(chunk, false);
  auto other = chunk;
  other.after = model::Key({"5"});
  EXPECT_EQ(base::code_of([&] { journal_->chunk_done(done(other)); }), "journal.chunk");
  EXPECT_FALSE(journal_->chunks(1)[0].done);
  journal_->chunk_done(done(chunk));
  const auto record = journal_->chunks(1)[0];
  EXPECT_TRUE(record.done);
  EXPECT_EQ(record.bracket.low, at(3, 100));
  EXPECT_EQ(record.bracket.low.text(), at(3, 100).text());
  EXPECT_EQ(record.bracket.high, at(3, 200));
  EXPECT_EQ(record.rows, 10U);
  EXPECT_EQ(record.bytes, 1000U);
}

TEST_P(JournalSuite, done_marks_follow_the_target) {
  journal_->put_tables({table(1)});
  const model::Chunk a{1, 0, std::nullopt, model::Key({"10"})};
  const model::Chunk b{1, 1, model::Key({"10"}), model::Key({"20"})};
  const model::Chunk c{1, 2, model::Key({"20"}), model::Key({"30"})};
  const model::Chunk d{1, 3, model::Key({"30"}), std::nullopt};
  for (const auto& chunk : {a, b, c}) journal_->plan_chunk(chunk, false);
  journal_->plan_chunk(d, true);
  for (const auto& chunk : {a, c}) journal_->chunk_done(done(chunk));
  for (const std::uint32_t n : {0U, 2U}) journal_->put_proof(proof(1, n, at(1, 8)));

  auto longer = d;
  longer.after = model::Key({"25"});
  journal_->reconcile(1, {done(a), done(b), done(longer)});
  const auto chunks = journal_->chunks(1);
  EXPECT_TRUE(chunks[0].done);
  EXPECT_TRUE(chunks[1].done);   // the journal had missed it
  EXPECT_FALSE(chunks[2].done);  // the target has lost it
  EXPECT_FALSE(chunks[3].done);  // the target's is another range
  EXPECT_THAT(proved(), testing::ElementsAre(0));
}

TEST_P(JournalSuite, totals_are_the_sums_of_what_is_listed) {
  EXPECT_TRUE(journal_->totals().empty());
  journal_->put_tables({table(1)});
  const model::Chunk a{1, 0, std::nullopt, model::Key({"10"})};
  journal_->plan_chunk(a, false);
  journal_->plan_chunk({1, 1, model::Key({"10"}), std::nullopt}, true);
  journal_->chunk_done(done(a));
  const auto first = proof(1, 0, at(1, 8));
  journal_->put_proof(first);
  const auto totals = journal_->totals();
  ASSERT_EQ(totals.size(), 1U);
  EXPECT_EQ(totals.at(1).chunks, 2U);
  EXPECT_EQ(totals.at(1).chunks_done, 1U);
  EXPECT_EQ(totals.at(1).rows, 10U);
  EXPECT_EQ(totals.at(1).bytes, 1000U);
  EXPECT_EQ(totals.at(1).chunks_proved, 1U);
  EXPECT_EQ(totals.at(1).rows_proved, first.digest.rows);
  EXPECT_EQ(totals.at(1).oldest_proof, first.at);
}

TEST_P(JournalSuite, replanning_starts_the_table_afresh) {
  journal_->put_tables({table(1), table(2)});
  for (const model::CollectionId id : {1U, 2U}) {
    journal_->plan_chunk({id, 0, std::nullopt, std::nullopt}, true);
    journal_->put_proof(proof(id, 0, at(1, 8)));
  }
  journal_->replan(1);
  EXPECT_TRUE(journal_->chunks(1).empty());
  EXPECT_EQ(journal_->chunks(2).size(), 1U);
  EXPECT_FALSE(journal_->tables()[0].planned);
  EXPECT_TRUE(journal_->tables()[1].planned);
  ASSERT_EQ(journal_->proofs().size(), 1U);
  EXPECT_EQ(journal_->proofs()[0].collection, 2U);
}

TEST_P(JournalSuite, a_proof_is_read_back_and_replaced) {
  journal_->put_proof(proof(1, 0, at(1, 8)));
  const auto newer = proof(1, 0, at(2, 1));
  journal_->put_proof(newer);
  ASSERT_EQ(journal_->proofs().size(), 1U);
  const auto read = journal_->proofs()[0];
  EXPECT_EQ(read.applied, newer.applied);
  EXPECT_EQ(read.applied.gtid, newer.applied.gtid);
  EXPECT_EQ(read.bracket.low, newer.bracket.low);
  EXPECT_EQ(read.bracket.high, newer.bracket.high);
  EXPECT_EQ(read.digest, newer.digest);
  EXPECT_EQ(read.way, newer.way);
  EXPECT_EQ(read.at, newer.at);
}

TEST_P(JournalSuite, proofs_are_voided_one_by_one_by_table_and_by_position) {
  journal_->put_proof(proof(1, 0, at(9, 900)));
  journal_->put_proof(proof(1, 1, at(10, 5)));
  journal_->put_proof(proof(1, 2, at(10, 6)));
  journal_->put_proof(proof(2, 7, at(1, 1)));
  journal_->put_proof(proof(2, 8, at(1, 1)));
  journal_->void_proofs_beyond(at(10, 5));
  EXPECT_THAT(proved(), testing::ElementsAre(0, 1, 7, 8));
  journal_->void_proof(2, 7);
  EXPECT_THAT(proved(), testing::ElementsAre(0, 1, 8));
  journal_->void_proofs(1);
  EXPECT_THAT(proved(), testing::ElementsAre(8));
}

TEST_P(JournalSuite, a_finding_is_open_once_and_its_text_renewed) {
  journal_->open_finding({model::Severity::warning, "a.b", "shop.orders", "old", "do"});
  journal_->open_finding({model::Severity::blocker, "a.b", "shop.orders", "new", "do that"});
  const auto open = journal_->open_findings();
  ASSERT_EQ(open.size(), 1U);
  EXPECT_EQ(open[0].finding,
            (model::Finding{model::Severity::blocker, "a.b", "shop.orders", "new", "do that"}));
}

TEST_P(JournalSuite, findings_are_closed_by_subject_or_by_code) {
  for (const char* subject : {"one", "two", "three"}) {
    journal_->open_finding({model::Severity::note, "a", subject, "", ""});
  }
  journal_->open_finding({model::Severity::note, "b", "one", "", ""});
  journal_->close_findings("a", "two");
  EXPECT_EQ(journal_->open_findings().size(), 3U);
  journal_->close_findings("a", "");
  ASSERT_EQ(journal_->open_findings().size(), 1U);
  EXPECT_EQ(journal_->open_findings()[0].finding.code, "b");
}

TEST_P(JournalSuite, calls_of_many_threads_are_all_kept) {
  std::vector<std::jthread> threads;
  for (int t = 0; t < 8; ++t) {
    threads.emplace_back([&] {
      for (int i = 0; i < 25; ++i) journal_->append({0, {}, "e", "", "", "", ""});
    });
  }
  threads.clear();
  EXPECT_EQ(journal_->events().size(), 200U);
}

}  // namespace wherry::tests
