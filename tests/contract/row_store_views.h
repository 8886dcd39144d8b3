#pragma once
// Tests of RowStoreSuite: views, digests and the change log.

#include <thread>

#include "tests/contract/row_store_suite.h"

namespace wherry::tests {

using testing::ElementsAre;
using testing::IsEmpty;

TEST_P(RowStoreSuite, a_view_sees_one_instant) {
  at_source({insert(item(1, "old"))});
  const auto r = reader(Side::source);
  auto view = r->open_view();
  at_source({update(1, item(1, "new")), insert(item(2))});
  EXPECT_THAT(read(*view, whole()), ElementsAre(item(1, "old")));
  view.reset();
  view = r->open_view();
  EXPECT_THAT(read(*view, whole()), ElementsAre(item(1, "new"), item(2)));
}

TEST_P(RowStoreSuite, brackets_are_safe_while_others_write) {
  const auto from = lab_->source().position();
  const auto log = lab_->source().changes(from, {{pair_.id, pair_.source}});
  constexpr int count = 200;
  std::vector<std::pair<model::Bracket, std::set<int>>> seen;
  {
    const std::jthread writer([&] {
      for (int id = 1; id <= count; ++id) at_source({insert(item(id))});
    });
    const auto r = reader(Side::source);
    for (std::size_t rows = 0; rows < count;) {
      const auto view = r->open_view();
      seen.emplace_back(view->bracket(), ids(read(*view, whole())));
      rows = seen.back().second.size();
    }
  }
  const auto changes = changes_in(next_parts(*log, count));
  ASSERT_EQ(changes.size(), static_cast<std::size_t>(count));
  for (const auto& [bracket, visible] : seen) {
    EXPECT_LE(bracket.low, bracket.high);
    for (const auto& change : changes) {
      const int id = std::stoi(change.after.at(0).value());
      if (change.end <= bracket.low) {
        EXPECT_TRUE(visible.contains(id)) << id;
      }
      if (change.begin >= bracket.high) {
        EXPECT_FALSE(visible.contains(id)) << id;
      }
    }
  }
}

TEST_P(RowStoreSuite, a_chunk_is_read_in_key_order_within_its_ends) {
  fill(Side::source, -3, 12);
  const auto r = reader(Side::source);
  const auto view = r->open_view();
  const auto first_cells = [&](const model::Chunk& chunk) {
    std::vector<int> out;
    for (const auto& row : read(*view, chunk)) out.push_back(std::stoi(row[0].value()));
    return out;
  };
  EXPECT_THAT(first_cells(range(8, 11)), ElementsAre(9, 10, 11));
  EXPECT_THAT(first_cells(range(10, {})), ElementsAre(11, 12));
  EXPECT_THAT(first_cells(range({}, -1)), ElementsAre(-3, -2, -1));
  EXPECT_THAT(first_cells(range(12, {})), IsEmpty());
  EXPECT_THAT(first_cells(range(100, 200)), IsEmpty());
}

TEST_P(RowStoreSuite, a_read_stops_at_its_limit_and_goes_on_from_there) {
  fill(Side::source, 1, 100);
  const auto r = reader(Side::source);
  const auto view = r->open_view();
  std::vector<RowText> all;
  model::Chunk rest = range(10, 90);
  int reads = 0;
  while (true) {
    model::RowBatch out(pair_.source.columns.size());
    const auto last = view->read(ref(), rest, base::Bytes{1000}, out);
    ++reads;
    EXPECT_FALSE(out.empty());
    for (auto& row : rows_in(out)) all.push_back(std::move(row));
    if (!last) break;
    ASSERT_EQ(out.key(out.rows() - 1, pair_.source.key), *last);
    rest.after = last;
  }
  EXPECT_GT(reads, 3);
  EXPECT_EQ(all, read(*view, range(10, 90)));
  EXPECT_EQ(all.size(), 80U);
}

TEST_P(RowStoreSuite, a_boundary_is_the_nth_row_or_nothing) {
  fill(Side::source, 1, 20);
  const auto r = reader(Side::source);
  const auto view = r->open_view();
  EXPECT_EQ(view->boundary(ref(), std::nullopt, std::nullopt, 1), key(1));
  EXPECT_EQ(view->boundary(ref(), std::nullopt, std::nullopt, 9), key(9));
  EXPECT_EQ(view->boundary(ref(), key(9), std::nullopt, 3), key(12));
  EXPECT_EQ(view->boundary(ref(), key(9), key(12), 3), key(12));
  EXPECT_EQ(view->boundary(ref(), key(9), key(11), 3), std::nullopt);
  EXPECT_EQ(view->boundary(ref(), key(18), std::nullopt, 3), std::nullopt);
}

TEST_P(RowStoreSuite, rows_are_read_by_key_if_they_exist) {
  fill(Side::source, 1, 5);
  const auto r = reader(Side::source);
  const auto view = r->open_view();
  EXPECT_EQ(ids(rows_in(view->read_keys(ref(), {key(4), key(99), key(2)}))), (std::set{2, 4}));
  EXPECT_TRUE(view->read_keys(ref(), {key(99)}).empty());
}

TEST_P(RowStoreSuite, a_definition_is_told_or_nothing) {
  const auto r = reader(Side::source);
  const auto view = r->open_view();
  EXPECT_TRUE(view->definition(items)->carries_like(pair_.source));
  EXPECT_EQ(view->definition({"suite", "none"}), std::nullopt);
}

TEST_P(RowStoreSuite, digests_differ_for_each_planted_difference) {
  begin_target();
  const std::vector<RowText> base{item(1, "x0", "y"), item(2, "", "a"),
                                  item(3, std::nullopt, "b", 5)};
  const auto load = [&](const std::vector<RowText>& rows) {
    std::vector<ClientWrite> writes;
    for (const int id : ids(this->rows(Side::target))) writes.push_back(remove(id));
    for (const auto& row : rows) writes.push_back(insert(row));
    lab_->write(Side::target, writes);
  };
  const auto digest = [&](Side side) {
    const auto r = reader(side);
    return r->open_view()->digest(ref(), whole(), digest_key_);
  };
  const auto in_store = [&](Side side) {
    const auto r = reader(side);
    return r->open_view()->digest_in_store(ref(), whole(), digest_key_).value();
  };
  for (const auto& row : base) at_source({insert(row)});
  const auto expected = digest(Side::source);
  EXPECT_EQ(expected.rows, 3U);
  load(base);
  EXPECT_EQ(digest(Side::target), expected);
  const auto expected_in_store = in_store(Side::source);
  EXPECT_EQ(expected_in_store.rows, 3U);
  EXPECT_NE(expected_in_store.sum, expected.sum);
  EXPECT_EQ(in_store(Side::target), expected_in_store);

  const std::map<std::string, std::vector<RowText>> planted{
      {"a row is missing", {base[0], base[1]}},
      {"a row too many", {base[0], base[1], base[2], item(4)}},
      {"NULL for empty", {base[0], item(2, std::nullopt, "a"), base[2]}},
      {"empty for NULL", {base[0], base[1], item(3, "", "b", 5)}},
      {"bytes moved between columns", {item(1, "x", "0y"), base[1], base[2]}},
      {"values swapped between rows", {base[0], item(2, "", "b"), item(3, std::nullopt, "a", 5)}},
      {"a number", {base[0], base[1], item(3, std::nullopt, "b", 6)}},
      {"case of a letter", {item(1, "X0", "y"), base[1], base[2]}},
      {"a trailing space", {item(1, "x0 ", "y"), base[1], base[2]}},
      {"another key", {item(9, "x0", "y"), base[1], base[2]}},
  };
  for (const auto& [what, rows] : planted) {
    load(rows);
    EXPECT_NE(digest(Side::target), expected) << what;
    EXPECT_NE(in_store(Side::target), expected_in_store) << what;
  }
}

TEST_P(RowStoreSuite, a_chunks_digest_is_the_sum_of_its_rows) {
  fill(Side::source, 1, 10);
  const auto r = reader(Side::source);
  const auto view = r->open_view();
  model::ChunkDigest sum;
  std::vector<model::Key> keys;
  for (const auto& row : view->row_digests(ref(), range(3, 7), digest_key_)) {
    ++sum.rows;
    sum.sum += row.digest;
    keys.push_back(row.key);
  }
  EXPECT_THAT(keys, ElementsAre(key(4), key(5), key(6), key(7)));
  EXPECT_EQ(view->digest(ref(), range(3, 7), digest_key_), sum);
  keys.push_back(key(99));
  model::ChunkDigest by_key;
  for (const auto& row : view->key_digests(ref(), keys, digest_key_)) {
    ++by_key.rows;
    by_key.sum += row.digest;
  }
  EXPECT_EQ(by_key, sum);
  EXPECT_NE(view->digest(ref(), range(3, 7), base::DigestKey::random()).sum, sum.sum);
}

TEST_P(RowStoreSuite, a_table_of_another_shape_is_a_mismatch) {
  at_source({insert(item(1))});
  lab_->add_column(Side::source, "extra");
  lab_->add_column(Side::source, "more");
  auto other = pair_.source;
  other.columns[1].name = "no_such_column";
  const auto r = reader(Side::source);
  const auto view = r->open_view();
  model::RowBatch out(other.columns.size());
  EXPECT_EQ(kind_of([&] {
              (void)view->read({items, &other}, whole(), base::Bytes{100}, out);
            }),
            base::ErrorKind::data_mismatch);
}

TEST_P(RowStoreSuite, a_view_is_lost_with_its_server_and_another_can_be_opened) {
  fill(Side::source, 1, 5);
  const auto r = reader(Side::source);
  auto view = r->open_view();
  lab_->crash(Side::source);
  EXPECT_EQ(kind_of([&] { read(*view, whole()); }), base::ErrorKind::connection_lost);
  view.reset();
  view = r->open_view();
  EXPECT_EQ(read(*view, whole()).size(), 5U);
}

TEST_P(RowStoreSuite, the_log_tells_every_change_with_full_images_in_order) {
  const auto from = lab_->source().position();
  at_source({insert(item(1, "a", "x"))});
  at_source({update(1, item(2, std::nullopt, "x", 3))});
  at_source({remove(2)});
  const auto log = lab_->source().changes(from, {{pair_.id, pair_.source}});
  const auto changes = changes_in(next_parts(*log, 3));
  ASSERT_EQ(changes.size(), 3U);
  EXPECT_EQ(changes[0].kind, model::ChangeKind::insert);
  EXPECT_EQ(changes[0].after, item(1, "a", "x"));
  EXPECT_EQ(changes[1].kind, model::ChangeKind::update);
  EXPECT_EQ(changes[1].before, item(1, "a", "x"));
  EXPECT_EQ(changes[1].after, item(2, std::nullopt, "x", 3));
  EXPECT_EQ(changes[2].kind, model::ChangeKind::remove);
  EXPECT_EQ(changes[2].before, item(2, std::nullopt, "x", 3));
  EXPECT_LE(from, changes[0].begin);
  for (const auto& change : changes) EXPECT_LT(change.begin, change.end);
  EXPECT_LE(changes[0].end, changes[1].begin);
}

TEST_P(RowStoreSuite, the_log_goes_on_from_any_end) {
  const auto from = lab_->source().position();
  for (int id = 1; id <= 5; ++id) at_source({insert(item(id))});
  const contract::TrackedTables tables{{pair_.id, pair_.source}};
  const auto all = changes_in(next_parts(*lab_->source().changes(from, tables), 5));
  ASSERT_EQ(all.size(), 5U);
  for (std::size_t n = 0; n < 4; ++n) {
    const auto rest = changes_in(next_parts(*lab_->source().changes(all[n].end, tables), 4 - n));
    ASSERT_EQ(rest.size(), 4 - n);
    EXPECT_EQ(rest[0].after, all[n + 1].after);
    EXPECT_EQ(rest[0].end, all[n + 1].end);
  }
}

TEST_P(RowStoreSuite, a_transaction_is_whole_in_the_log) {
  const auto from = lab_->source().position();
  at_source({insert(item(1)), insert(item(2)), update(1, item(1, "new")), remove(2)});
  const auto log = lab_->source().changes(from, {{pair_.id, pair_.source}});
  const auto changes = changes_in(next_parts(*log, 4));
  ASSERT_EQ(changes.size(), 4U);
  for (const auto& change : changes) {
    EXPECT_EQ(change.begin, changes[0].begin);
  }
  EXPECT_EQ(changes[2].after, item(1, "new"));
}

TEST_P(RowStoreSuite, a_large_transaction_comes_in_parts_of_which_the_final_one_is_the_last) {
  const auto from = lab_->source().position();
  fill(Side::source, 1, 5000);
  const auto log = lab_->source().changes(from, {{pair_.id, pair_.source}});
  const auto parts = next_parts(*log, 5000);
  ASSERT_EQ(changes_in(parts).size(), 5000U);
  bool inside = false;
  model::Position begin;
  for (const auto& part : parts) {
    if (inside) {
      EXPECT_EQ(part.begin, begin);
    }
    begin = part.begin;
    inside = !part.last;
  }
  EXPECT_FALSE(inside);
}

TEST_P(RowStoreSuite, tables_not_tracked_move_the_position_only) {
  const auto from = lab_->source().position();
  at_source({insert(item(1))});
  const auto log = lab_->source().changes(from, {});
  model::Position reached = from;
  while (const auto part = log->next(std::chrono::milliseconds(300), {})) {
    EXPECT_THAT(part->events, IsEmpty());
    if (part->last) reached = part->end;
  }
  EXPECT_EQ(reached, lab_->source().position());
}

TEST_P(RowStoreSuite, a_change_of_definition_stands_alone_and_rows_follow_it) {
  const auto from = lab_->source().position();
  at_source({insert(item(1))});
  lab_->add_column(Side::source, "extra");
  auto row = item(2);
  row.emplace_back("more");
  at_source({insert(row)});

  const auto log = lab_->source().changes(from, {{pair_.id, pair_.source}});
  EXPECT_EQ(changes_in(next_parts(*log, 1)).at(0).after, item(1));
  std::optional<model::ChangePart> part;
  do {
    part = log->next(std::chrono::seconds(5), {});
    ASSERT_TRUE(part);
  } while (part->ddl.empty());
  EXPECT_EQ(part->ddl.size(), 1U);
  EXPECT_THAT(part->events, IsEmpty());
  EXPECT_TRUE(part->last);
  EXPECT_FALSE(part->ddl[0].statement.empty());

  const auto now = lab_->source().tables([](const auto& name) { return name == items; });
  ASSERT_EQ(now.size(), 1U);
  ASSERT_EQ(now[0].columns.size(), 5U);
  log->track({{pair_.id, now[0]}});
  EXPECT_EQ(changes_in(next_parts(*log, 1)).at(0).after, row);
}

TEST_P(RowStoreSuite, a_silent_log_says_nothing) {
  const auto log = lab_->source().changes(lab_->source().position(), {{pair_.id, pair_.source}});
  while (const auto part = log->next(std::chrono::milliseconds(200), {})) {
    EXPECT_THAT(part->events, IsEmpty());
  }
}

TEST_P(RowStoreSuite, a_stop_breaks_a_blocked_read_of_the_log) {
  const auto log = lab_->source().changes(lab_->source().position(), {{pair_.id, pair_.source}});
  std::stop_source stop;
  const std::jthread stopper([&] {
    std::this_thread::sleep_for(std::chrono::milliseconds(100));
    stop.request_stop();
  });
  const auto began = std::chrono::steady_clock::now();
  EXPECT_EQ(kind_of([&] {
              while (true) (void)log->next(std::chrono::seconds(30), stop.get_token());
            }),
            base::ErrorKind::cancelled);
  EXPECT_LT(std::chrono::steady_clock::now() - began, std::chrono::seconds(10));
}

TEST_P(RowStoreSuite, a_log_is_lost_with_its_server_and_goes_on_in_another) {
  const auto from = lab_->source().position();
  auto log = lab_->source().changes(from, {{pair_.id, pair_.source}});
  at_source({insert(item(1))});
  const auto first = changes_in(next_parts(*log, 1)).at(0);
  lab_->crash(Side::source);
  EXPECT_EQ(kind_of([&] {
              while (true) (void)log->next(std::chrono::seconds(5), {});
            }),
            base::ErrorKind::connection_lost);
  at_source({insert(item(2))});
  log = lab_->source().changes(first.end, {{pair_.id, pair_.source}});
  EXPECT_EQ(changes_in(next_parts(*log, 1)).at(0).after, item(2));
}

}  // namespace wherry::tests
