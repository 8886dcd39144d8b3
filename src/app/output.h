#pragma once
// Answers, errors and findings for people and for machines. A document for machines is
// {"schema": 1, "kind": ..., ...}, one a command, on `out`; an error is such a document too.

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <nlohmann/json_fwd.hpp>

#include "app/context.h"
#include "base/error.h"
#include "config/load.h"
#include "model/finding.h"

namespace wherry::app {

inline constexpr int json_schema = 1;

enum class Color { none, red, yellow, green, cyan, bold, dim };
std::string colored(Color color, std::string_view text, bool on);

nlohmann::json document(std::string_view kind);
// Adds schema and kind if the document has none, and writes it with a line end. Bytes that are not
// UTF-8 are escaped.
void print_json(Context& context, std::string_view kind, const nlohmann::json& body);

// Prints it (for people on `err`) and returns what to exit with.
ExitCode report(Context& context, const base::Error& error);
ExitCode report(Context& context, const std::vector<config::Problem>& problems);
ExitCode report_usage(Context& context, std::string_view message, std::string_view hint);

// The config that --config names; when it has mistakes they are printed and nothing is returned:
// exit with usage.
std::optional<config::Migration> load_config(Context& context);

// As lines for people, the gravest first.
std::vector<std::string> finding_lines(std::vector<model::Finding> findings, bool color);

}  // namespace wherry::app
