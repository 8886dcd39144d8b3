#pragma once
// A statement with values whose type no text of SQL can give. A value; no thread touches two.

#include <cstddef>
#include <string>
#include <vector>

namespace wherry::stores::mysql {

// What a `?` of a prepared statement stands for.
struct Parameter {
  static constexpr unsigned timestamp = 7;

  unsigned type = timestamp;  // of a column, as the protocol numbers them; all others are bytes
  std::string value;          // "2020-01-01 00:00:00.000000", or the bytes
};

struct Statement {
  std::string sql;
  std::vector<Parameter> parameters;

  // Not less than the bytes of any packet that it takes to send.
  std::size_t size() const {
    std::size_t bytes = sql.size();
    for (const Parameter& p : parameters) bytes += p.value.size() + sizeof(Parameter);
    return bytes;
  }
};

}  // namespace wherry::stores::mysql
