#pragma once
// Something a person must know: a check of `assess` that failed, an item that cannot be moved, a
// difference. Nothing is skipped silently: it is a finding, counted and listed. Values.

#include <string>
#include <string_view>

#include <nlohmann/json_fwd.hpp>

namespace wherry::model {

enum class Severity {
  note,     // good to know
  warning,  // the migration goes on; read it
  blocker,  // the migration does not start, or may not be switched, while it is open
};
std::string_view to_string(Severity s);
Severity severity_named(std::string_view text);  // throws Error(internal)

struct Finding {
  Severity severity = Severity::note;
  std::string code;  // stable: "source.binlog_off"
  std::string
      subject;  // printable: what it is about ("shop.orders", "source", "shop.orders key 17")
  std::string why;
  std::string what_to_do;
  friend bool operator==(const Finding&, const Finding&) = default;
};

void to_json(nlohmann::json& j, const Finding& f);
void from_json(const nlohmann::json& j, Finding& f);

}  // namespace wherry::model
