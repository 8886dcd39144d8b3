#include "app/ask.h"

#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

namespace wherry::app {
namespace {

nlohmann::json status(const std::string& state, int proved, nlohmann::json dirty) {
  return {{"state", state},
          {"proof",
           {{"chunks", 3},
            {"chunks_proved", proved},
            {"chunks_different", 1},
            {"dirty_keys", std::move(dirty)}}}};
}

// How often it looks at these until it is content.
std::size_t looks(const std::vector<nlohmann::json>& seen) {
  std::size_t looked = 0;
  (void)wait_until_checked([&] { return seen.at(looked++); });
  return looked;
}

TEST(WaitUntilChecked, every_chunk_was_looked_at_and_what_others_wrote_is_known) {
  EXPECT_EQ(looks({status("copying", 2, 0), status("following", 1, 0), status("following", 2, {}),
                   status("following", 2, 7)}),
            4U);
}

TEST(WaitUntilChecked, a_tree_is_checked_when_it_is_copied) {
  EXPECT_EQ(looks({status("copying", 2, {}), status("copied", 0, {})}), 2U);
}

}  // namespace
}  // namespace wherry::app
