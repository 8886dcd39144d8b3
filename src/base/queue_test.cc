#include "base/queue.h"

#include <thread>
#include <vector>

#include <gtest/gtest.h>

namespace wherry::base {
namespace {

using namespace std::chrono_literals;

TEST(Queue, hands_over_in_order_and_drains_after_close) {
  BoundedQueue<int> queue(100);
  const std::stop_source stop;
  for (int i = 0; i < 3; ++i) ASSERT_TRUE(queue.push(i, 10, stop.get_token()));
  queue.close();
  EXPECT_FALSE(queue.push(9, 1, stop.get_token()));
  for (int i = 0; i < 3; ++i) EXPECT_EQ(queue.pop(stop.get_token()), i);
  EXPECT_EQ(queue.pop(stop.get_token()), std::nullopt);
  EXPECT_TRUE(queue.drained());
}

TEST(Queue, holds_back_a_producer_at_its_weight_bound) {
  BoundedQueue<int> queue(10);
  std::stop_source stop;
  ASSERT_TRUE(queue.push(1, 10, stop.get_token()));
  std::jthread producer([&] { EXPECT_TRUE(queue.push(2, 1, stop.get_token())); });
  std::this_thread::sleep_for(20ms);
  EXPECT_EQ(queue.weight(), 10U);
  EXPECT_EQ(queue.pop(stop.get_token()), 1);
  EXPECT_EQ(queue.pop(stop.get_token()), 2);
}

TEST(Queue, lets_one_oversized_item_in_when_empty) {
  BoundedQueue<int> queue(10);
  const std::stop_source stop;
  ASSERT_TRUE(queue.push(1, 1000, stop.get_token()));
  EXPECT_EQ(queue.pop(stop.get_token()), 1);
}

TEST(Queue, wakes_both_ends_on_stop) {
  BoundedQueue<int> queue(1);
  std::stop_source stop;
  ASSERT_TRUE(queue.push(1, 1, stop.get_token()));
  BoundedQueue<int> empty(1);
  std::jthread producer([&] { EXPECT_THROW((void)queue.push(2, 1, stop.get_token()), Error); });
  std::jthread consumer([&] { EXPECT_THROW((void)empty.pop(stop.get_token()), Error); });
  std::this_thread::sleep_for(10ms);
  stop.request_stop();
}

TEST(Queue, pop_for_gives_up_after_its_patience) {
  BoundedQueue<int> queue(1);
  const std::stop_source stop;
  EXPECT_EQ(queue.pop_for(5ms, stop.get_token()), std::nullopt);
  EXPECT_FALSE(queue.drained());
}

TEST(Queue, loses_and_repeats_nothing_between_many_threads) {
  BoundedQueue<int> queue(64);
  const std::stop_source stop;
  std::vector<std::vector<int>> seen(3);
  {
    std::vector<std::jthread> consumers;
    consumers.reserve(seen.size());
    for (auto& mine : seen) {
      consumers.emplace_back([&] {
        while (auto item = queue.pop(stop.get_token())) mine.push_back(*item);
      });
    }
    {
      std::vector<std::jthread> producers;
      for (int p = 0; p < 3; ++p) {
        producers.emplace_back([&, p] {
          for (int i = 0; i < 2000; ++i) ASSERT_TRUE(queue.push(p * 2000 + i, 1, stop.get_token()));
        });
      }
    }
    queue.close();
  }
  std::vector<int> count(6000);
  for (const auto& mine : seen) {
    for (const int item : mine) ++count.at(static_cast<std::size_t>(item));
  }
  for (const int n : count) ASSERT_EQ(n, 1);
}

}  // namespace
}  // namespace wherry::base
