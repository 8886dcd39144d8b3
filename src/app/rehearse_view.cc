#include "app/rehearse_view.h"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "base/text.h"

namespace wherry::app {

namespace {

std::string line(const char* what, const std::string& value) {
  return fmt::format("  {:<24} {}", what, value);
}

std::string names(const nlohmann::json& list) {
  constexpr std::size_t listed = 10;
  std::string text;
  for (std::size_t i = 0; i < std::min(listed, list.size()); ++i) {
    text += (i == 0 ? "" : ", ") + list[i].get<std::string>();
  }
  if (list.size() > listed) text += fmt::format(" and {} more", list.size() - listed);
  return text.empty() ? "none" : text;
}

}  // namespace

std::vector<std::string> tidied_lines(const nlohmann::json& last) {
  return {line("keys read again", base::human_count(last.at("keys").get<std::uint64_t>())),
          line("tables copied again", names(last.at("copied_again"))),
          line("dropped", names(last.at("dropped"))),
          line("took", fmt::format("{:.1f} s", last.at("seconds").get<double>()))};
}

std::vector<std::string> rehearsal_lines(const nlohmann::json& view) {
  const std::string state = view.at("state");
  std::vector<std::string> lines;
  if (state != "rehearsing" && state != "tidying") {
    lines.push_back(state + ": no rehearsal goes on");
    if (view.at("last").is_null()) return lines;
    lines.emplace_back("the last one:");
    for (auto& more : tidied_lines(view.at("last"))) lines.push_back(std::move(more));
    return lines;
  }
  lines.push_back(state);
  lines.push_back(line("since", view.at("since")));
  lines.push_back(line("restore point", view.at("restore_point")));
  const auto& source = view.at("source");
  lines.push_back(line("source followed to", source.at("followed_to")));
  if (const std::string end = source.at("end"); !end.empty()) {
    const auto& bytes = source.at("behind_bytes");
    lines.push_back(
        line("source's log ends at",
             end + (bytes.is_null()
                        ? std::string()
                        : ", " + base::human_bytes(bytes.get<std::uint64_t>()) + " further")));
  }
  if (state == "rehearsing") {
    const auto& test = view.at("test");
    lines.push_back(line(
        "changed by the test",
        fmt::format(
            "{} keys in {} transactions{}", base::human_count(test.at("keys").get<std::uint64_t>()),
            base::human_count(test.at("transactions").get<std::uint64_t>()),
            test.at("counted_all").get<bool>() ? "" : ", and more that is not counted yet")));
    for (const auto& table : test.at("tables")) {
      const std::string name = table.at("name");
      lines.push_back(
          fmt::format("    {:<24} {}", name,
                      table.at("whole").get<bool>()
                          ? std::string("all of it is copied again")
                          : base::human_count(table.at("keys").get<std::uint64_t>()) + " keys"));
    }
  }
  if (const auto& error = view.at("error"); !error.is_null()) {
    lines.push_back(line("not undone", error.at("message")));
  }
  return lines;
}

}  // namespace wherry::app
