#pragma once
// JSON documents as text: what a MySQL server prints, and typed text (wire/mysql/json.h), which
// says what that leaves open. Pure. Views are of the text a document was read from.
//
// Errors: data_mismatch "mysql.json" for what no server prints; not_supported "target.json_value"
// for a value of a type that no MySQL server makes of an argument.

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "stores/mysql/statement.h"

namespace wherry::stores::mysql {

// A value, with those inside it. A document can be nested a hundred times, not more.
struct JsonNode {
  enum class Kind { object, array, string, number, literal };
  Kind kind = Kind::literal;
  std::string_view mark;  // before a string: "date"; behind a number: "u"; mostly empty
  std::string_view text;  // without the mark; a string with its quotes
  std::string_view key;   // in an object, with its quotes
  std::vector<JsonNode> members;
  // Made of its plain text by a MySQL server it would not be of this type.
  bool made_by_expression = false;  // itself or a value inside it
};

// Of either text.
JsonNode read_json_text(std::string_view text);

// A value whose type the server's text does not tell.
struct JsonQuestion {
  std::string expression;  // gives the value, of a document that `document` gives
  std::size_t begin = 0;   // where its text is, without a mark
  std::size_t end = 0;
  std::string_view mark;  // in typed text
};
// Of either text.
std::vector<JsonQuestion> open_types(std::string_view text, const std::string& document);
// `types` as JSON_TYPE names them, one for each question.
std::string typed_json(std::string_view server_text, const std::vector<JsonQuestion>& questions,
                       const std::vector<std::string_view>& types);

// What JSON itself can say of typed text.
std::string plain_json(std::string_view typed);
bool needs_expression(std::string_view typed);
// SQL that makes the document with all its types, of typed text; sessions as row_sink.h prepares
// them. Days, times and numbers can be written; a TIMESTAMP and most kinds of bytes are parameters.
void append_json_expression(Statement& out, std::string_view typed);

}  // namespace wherry::stores::mysql
