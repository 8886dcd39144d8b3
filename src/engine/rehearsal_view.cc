#include "engine/rehearsal_view.h"

#include <nlohmann/json.hpp>

namespace wherry::engine {

void to_json(nlohmann::json& j, const RehearsalView& view) {
  auto tables = nlohmann::json::array();
  std::uint64_t keys = 0;
  for (const auto& table : view.tables) {
    keys += table.keys;
    tables.push_back({{"name", table.name}, {"keys", table.keys}, {"whole", table.whole}});
  }
  j = {{"state", view.state},
       {"since", view.since},
       {"restore_point", view.restore_point},
       {"source",
        {{"followed_to", view.followed_to}, {"end", view.source_end}, {"behind_bytes", nullptr}}},
       {"test",
        {{"transactions", view.transactions},
         {"keys", keys},
         {"tables", std::move(tables)},
         {"counted_all", view.counted_all}}},
       {"error", nullptr},
       {"last", nullptr}};
  if (view.behind_bytes) j["source"]["behind_bytes"] = *view.behind_bytes;
  if (view.error_code) {
    j["error"] = {{"code", *view.error_code}, {"message", view.error_message.value_or("")}};
  }
  if (view.last) {
    j["last"] = {{"keys", view.last->keys},
                 {"copied_again", view.last->copied_again},
                 {"dropped", view.last->dropped},
                 {"seconds", view.last->seconds}};
  }
}

}  // namespace wherry::engine
