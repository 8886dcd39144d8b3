#include "control/error_document.h"

#include <array>
#include <string>

#include <nlohmann/json.hpp>

namespace wherry::control {

namespace {

base::ErrorKind kind_named(const std::string& name) {
  using base::ErrorKind;
  for (const ErrorKind kind : {ErrorKind::transient, ErrorKind::connection_lost,
                               ErrorKind::rejected, ErrorKind::not_supported,
                               ErrorKind::data_mismatch, ErrorKind::fenced, ErrorKind::cancelled}) {
    if (base::to_string(kind) == name) return kind;
  }
  return ErrorKind::internal;
}

}  // namespace

nlohmann::json error_document(const base::Error& error) {
  return {{"schema", 1},
          {"kind", "error"},
          {"code", error.code()},
          {"error_kind", std::string(base::to_string(error.kind()))},
          {"message", error.message()},
          {"context", error.context()}};
}

std::optional<base::Error> error_in(const nlohmann::json& document) {
  if (!document.is_object() || document.value("kind", nlohmann::json()) != "error") {
    return std::nullopt;
  }
  auto text = [&](const char* key) {
    const auto found = document.find(key);
    return found != document.end() && found->is_string() ? found->get<std::string>() : "";
  };
  return base::Error(kind_named(text("error_kind")), text("code"), text("message"),
                     text("context"));
}

}  // namespace wherry::control
