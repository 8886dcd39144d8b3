#include "config/cutover_reader.h"

#include <algorithm>
#include <cctype>
#include <string>
#include <string_view>
#include <utility>

#include <fmt/format.h>

namespace wherry::config {

namespace {

constexpr std::string_view command_form = "a command for /bin/sh";

void read_accounts(const Field& field, std::vector<std::string>& accounts, Reader& reader) {
  constexpr std::string_view form = "an account such as \"app@%\"";
  const auto list = reader.list(field, "a list such as [\"app@%\"]");
  if (!list) return;
  for (const Field& item : *list) {
    const auto text = reader.text(item, form);
    if (!text) continue;
    if (text->find('@') == std::string::npos) {
      reader.bad_value(item, *text, form);
      continue;
    }
    accounts.push_back(*text);
  }
}

std::optional<CommandGuard> read_command_guard(const Field& field, Reader& reader) {
  if (!field) return std::nullopt;
  Keys keys(field, "raise: and lower:, commands for /bin/sh", reader);
  if (!keys.usable()) return std::nullopt;
  CommandGuard guard;
  const Field raise = keys.required("raise", "add raise: what keeps applications from writing");
  const Field lower = keys.required("lower", "add lower: what lets them write again");
  if (auto text = reader.text(raise, command_form)) guard.raise = *text;
  if (auto text = reader.text(lower, command_form)) guard.lower = *text;
  if (auto text = reader.text(keys.get("check"), command_form)) guard.check = *text;
  if (auto time = reader.duration(keys.get("timeout"))) guard.timeout = *time;
  keys.finish();
  return guard;
}

// What ssh would take for an option, or the shell there for more than a name, is no machine.
bool is_machine(const std::string& text) {
  return !text.starts_with('-') && std::ranges::all_of(text, [](unsigned char c) {
    return std::isalnum(c) != 0 ||
           std::string_view("@.:-_[]%").find(static_cast<char>(c)) != std::string_view::npos;
  });
}

std::string read_machine(const Field& field, Reader& reader) {
  constexpr std::string_view form = "local, or what ssh takes, such as root@db1";
  const auto text = reader.text(field, form);
  if (!text) return "";
  if (is_machine(*text)) return *text;
  reader.bad_value(field, *text, form);
  return "";
}

std::optional<NetworkGuard> read_network_guard(const Field& field, Reader& reader) {
  if (!field) return std::nullopt;
  Keys keys(field, "allow:, source: and target:", reader);
  if (!keys.usable()) return std::nullopt;
  NetworkGuard guard;
  const Field allow = keys.get("allow");
  if (const auto list = reader.list(allow, "a list such as [10.0.0.5, 10.1.0.0/16]")) {
    constexpr std::string_view form = "an address or a network, such as 10.0.0.5 or fd00::/8";
    for (const Field& item : *list) {
      const auto text = reader.text(item, form);
      if (!text) continue;
      const auto network = base::IpNetwork::parse(*text);
      if (network)
        guard.allow.push_back(*network);
      else
        reader.bad_value(item, *text, form);
    }
  }
  const Field source = keys.get("source");
  const Field target = keys.get("target");
  guard.source = read_machine(source, reader);
  guard.target = read_machine(target, reader);
  if (!source && !target) {
    reader.problems().add(field.place(), "config.missing_key",
                          fmt::format("key 'source' or 'target' is missing in {}", field.path),
                          "add source: root@db1 and target: root@db2, as ssh takes them, or local");
  }
  keys.finish();
  return guard;
}

Guards read_guards(const Field& field, Reader& reader) {
  Guards guards;
  Keys keys(field.or_absent(), "keys such as accounts and command", reader);
  guards.command = read_command_guard(keys.get("command"), reader);
  guards.network = read_network_guard(keys.get("network"), reader);
  read_accounts(keys.get("accounts"), guards.accounts, reader);
  guards.read_only = reader.boolean(keys.get("read_only")).value_or(false);
  guards.events = reader.boolean(keys.get("events")).value_or(false);
  keys.finish();
  return guards;
}

std::vector<WaitFor> read_wait_for(const Field& field, Reader& reader) {
  std::vector<WaitFor> all;
  const auto list = reader.list(field, "a list of {command: /path/to/one, timeout: 20 s}");
  if (!list) return all;
  for (const Field& item : *list) {
    Keys keys(item, "command: and timeout:", reader);
    if (!keys.usable()) continue;
    WaitFor awaited;
    const Field command = keys.required("command", "add command: what ends when it is done");
    if (auto text = reader.text(command, command_form)) awaited.command = *text;
    if (auto time = reader.duration(keys.get("timeout"))) awaited.timeout = *time;
    keys.finish();
    all.push_back(std::move(awaited));
  }
  return all;
}

}  // namespace

CutOver read_cutover(const Field& section, Reader& reader) {
  CutOver cutover;
  Keys keys(section, "keys such as guards and max_downtime", reader);
  if (auto time = reader.duration(keys.get("max_downtime"))) cutover.max_downtime = *time;
  if (auto time = reader.duration(keys.get("patience"))) cutover.patience = *time;
  cutover.guards = read_guards(keys.get("guards"), reader);
  cutover.wait_for = read_wait_for(keys.get("wait_for"), reader);
  keys.finish();
  return cutover;
}

}  // namespace wherry::config
