#include "wire/mysql/json.h"

#include <array>
#include <bit>
#include <charconv>
#include <cmath>
#include <cstdint>

#include "wire/mysql/cursor.h"
#include "wire/mysql/number.h"
#include "wire/mysql/temporal.h"

namespace wherry::wire::mysql {

namespace {

constexpr unsigned deepest = 100;  // of any server

enum class Kind : std::uint8_t {
  small_object = 0,
  large_object = 1,
  small_array = 2,
  large_array = 3,
  literal = 4,
  int16 = 5,
  uint16 = 6,
  int32 = 7,
  uint32 = 8,
  int64 = 9,
  uint64 = 10,
  double_ = 11,
  string = 12,
  opaque = 15,
};

// Column types as opaque values name them.
enum class Opaque : std::uint8_t {
  timestamp = 7,
  date = 10,
  time = 11,
  datetime = 12,
  newdecimal = 246,
};

template <typename T>
void append_number(std::string& out, T value) {
  std::array<char, 32> text{};
  out.append(text.data(), std::to_chars(text.data(), text.data() + text.size(), value).ptr);
}

// The shortest digits that read back to the same number, set as the server sets them: plain between
// 1e-15 and 1e15 and where there is a fraction to show, else with an exponent.
void append_double(std::string& out, double value, JsonStyle style) {
  if (!std::isfinite(value)) throw_malformed("a JSON number is not finite");
  std::array<char, 32> shortest{};
  const char* const end = std::to_chars(shortest.data(), shortest.data() + shortest.size(),
                                        std::fabs(value), std::chars_format::scientific)
                              .ptr;
  const std::string_view text(shortest.data(), static_cast<std::size_t>(end - shortest.data()));
  const std::size_t e = text.find('e');
  std::string digits(text.substr(0, 1));
  if (e > 2) digits += text.substr(2, e - 2);
  int exponent = 0;
  const std::size_t first = e + (text[e + 1] == '+' ? 2 : 1);
  std::from_chars(text.data() + first, text.data() + text.size(), exponent);
  const int length = static_cast<int>(digits.size());
  const int point = value == 0 ? 1 : exponent + 1;  // digits before the point
  if (std::signbit(value)) out += '-';
  constexpr int most = 15;
  const bool plain = point > -most && (point <= most || length > point);
  if (!plain) {
    out += digits[0];
    if (length > 1) out.append(".").append(digits, 1);
    out += 'e';
    append_number(out, exponent);
  } else if (point <= 0) {
    out.append("0.").append(static_cast<std::size_t>(-point), '0').append(digits);
  } else if (length <= point) {
    out.append(digits).append(static_cast<std::size_t>(point - length), '0');
    if (style.point || style.types) out += ".0";
  } else {
    out.append(digits, 0, static_cast<std::size_t>(point)).append(".");
    out.append(digits, static_cast<std::size_t>(point));
  }
}

void append_string(std::string& out, std::string_view text) {
  constexpr std::string_view hex = "0123456789abcdef";
  out += '"';
  std::size_t done = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const auto byte = static_cast<unsigned char>(text[i]);
    if (byte >= 0x20 && byte != '"' && byte != '\\') continue;
    out.append(text, done, i - done);
    done = i + 1;
    out += '\\';
    switch (text[i]) {
      case '\b':
        out += 'b';
        break;
      case '\f':
        out += 'f';
        break;
      case '\n':
        out += 'n';
        break;
      case '\r':
        out += 'r';
        break;
      case '\t':
        out += 't';
        break;
      case '"':
      case '\\':
        out += text[i];
        break;
      default:
        out.append("u00");
        out += hex[byte >> 4U];
        out += hex[byte & 15U];
    }
  }
  out.append(text, done);
  out += '"';
}

// In lines of 76 characters, as the server breaks them.
void append_base64(std::string& out, std::string_view bytes) {
  constexpr std::string_view alphabet =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  constexpr std::size_t line_bytes = 57;
  for (std::size_t i = 0; i < bytes.size(); i += 3) {
    if (i != 0 && i % line_bytes == 0) out += '\n';
    const std::string_view group = bytes.substr(i, 3);
    std::uint32_t bits = 0;
    for (std::size_t j = 0; j < 3; ++j) {
      bits = (bits << 8U) | (j < group.size() ? static_cast<unsigned char>(group[j]) : 0U);
    }
    for (std::size_t j = 0; j < 4; ++j) {
      out += j > group.size() ? '=' : alphabet[(bits >> (18 - 6 * j)) & 63U];
    }
  }
}

class Reader {
 public:
  // `bytes`: of the whole document.
  Reader(JsonStyle style, std::size_t bytes, std::string& out)
      : style_(style), unread_(bytes), out_(out) {}

  void value(Kind kind, std::string_view bytes, unsigned depth) {
    Cursor in(bytes);
    switch (kind) {
      case Kind::small_object:
        return container(bytes, true, 2, depth);
      case Kind::large_object:
        return container(bytes, true, 4, depth);
      case Kind::small_array:
        return container(bytes, false, 2, depth);
      case Kind::large_array:
        return container(bytes, false, 4, depth);
      case Kind::literal:
        return literal(in.u8());
      case Kind::int16:
        return append_number(out_, in.little_signed(2));
      case Kind::uint16:
        return unsigned_number(in.little(2));
      case Kind::int32:
        return append_number(out_, in.little_signed(4));
      case Kind::uint32:
        return unsigned_number(in.little(4));
      case Kind::int64:
        return append_number(out_, in.little_signed(8));
      case Kind::uint64:
        return unsigned_number(in.little(8));
      case Kind::double_:
        return append_double(out_, std::bit_cast<double>(in.u64()), style_);
      case Kind::string: {
        const std::uint64_t length = variable_length(in);
        return append_string(out_, once(in.take(length)));
      }
      case Kind::opaque:
        return opaque(in);
    }
    throw_malformed("a JSON value is of no known type");
  }

 private:
  // Seven bits a byte, the lowest first; the highest bit says that more follow.
  static std::uint64_t variable_length(Cursor& in) {
    std::uint64_t length = 0;
    for (unsigned shift = 0; shift < 35; shift += 7) {
      const std::uint64_t byte = in.u8();
      length |= (byte & 0x7fU) << shift;
      if ((byte & 0x80U) == 0) return length;
    }
    throw_malformed("a JSON length does not end");
  }

  void unsigned_number(std::uint64_t value) {
    append_number(out_, value);
    if (style_.types) out_ += 'u';
  }

  void literal(unsigned number) {
    constexpr std::array<std::string_view, 3> names{"null", "true", "false"};
    if (number >= names.size()) throw_malformed("a JSON literal is not known");
    out_ += names.at(number);
  }

  // Whether a value stands in its entry itself instead of where the entry points to.
  static bool inlined(Kind kind, unsigned width) {
    switch (kind) {
      case Kind::literal:
      case Kind::int16:
      case Kind::uint16:
        return true;
      case Kind::int32:
      case Kind::uint32:
        return width == 4;
      default:
        return false;
    }
  }

  static std::string_view part(std::string_view all, std::uint64_t offset, std::uint64_t length) {
    if (offset > all.size() || length > all.size() - offset) throw_too_short();
    return all.substr(offset, length);
  }

  // Servers write each part once. Offsets that lead to the same bytes again and again would make a
  // text that grows with a power of the document's depth.
  std::string_view once(std::string_view bytes) {
    if (bytes.size() > unread_) throw_malformed("a JSON value's parts overlap");
    unread_ -= bytes.size();
    return bytes;
  }

  // Number of elements, bytes of it all, then an object's keys, then the values; offsets count from
  // the first of these.
  void container(std::string_view bytes, bool object, unsigned width, unsigned depth) {
    if (depth >= deepest) throw_malformed("a JSON value is nested too deeply");
    Cursor in(bytes);
    const std::uint64_t count = in.little(width);
    const std::uint64_t size = in.little(width);
    if (size > bytes.size() || count > size) throw_too_short();
    const std::string_view all = bytes.substr(0, size);
    Cursor keys(once(part(all, 2 * width, object ? count * (width + 2) : 0)));
    Cursor values(once(part(all, 2 * width + keys.left(), count * (width + 1))));
    out_ += object ? '{' : '[';
    for (std::uint64_t i = 0; i < count; ++i) {
      if (i != 0) out_ += ", ";
      if (object) {
        const std::uint64_t offset = keys.little(width);
        append_string(out_, once(part(all, offset, keys.u16())));
        out_ += ": ";
      }
      const Kind kind{values.u8()};
      const std::string_view entry = values.take(width);
      if (inlined(kind, width)) {
        value(kind, entry, depth + 1);
      } else {
        const std::uint64_t offset = Cursor(entry).little(width);
        value(kind, part(all, offset, all.size() - std::min<std::uint64_t>(offset, all.size())),
              depth + 1);
      }
    }
    out_ += object ? '}' : ']';
  }

  void opaque(Cursor& in) {
    const unsigned type = in.u8();
    const std::uint64_t length = variable_length(in);
    Cursor data(once(in.take(length)));
    std::string text;
    std::string_view mark;
    switch (Opaque{static_cast<std::uint8_t>(type)}) {
      case Opaque::newdecimal: {
        const unsigned precision = data.u8();
        const unsigned scale = data.u8();
        if (precision < 1 || precision > 65 || scale > precision) {
          throw_malformed("a JSON decimal has an impossible precision");
        }
        read_decimal(data, precision, scale, text);
        out_ += text;
        if (style_.types) out_ += 'm';
        return;
      }
      case Opaque::date:
        mark = "date";
        read_packed_date(data, text);
        break;
      case Opaque::time:
        mark = "time";
        read_packed_time(data, text);
        break;
      case Opaque::datetime:
        mark = "datetime";
        read_packed_datetime(data, text);
        break;
      case Opaque::timestamp:
        mark = "timestamp";
        read_packed_datetime(data, text);
        break;
      default:
        mark = "opaque";
        text = "base64:type";
        append_number(text, type);
        text += ':';
        append_base64(text, data.take_all());
    }
    if (style_.types) out_ += mark;
    out_.append("\"").append(text).append("\"");
  }

  JsonStyle style_;
  std::size_t unread_;
  std::string& out_;
};

}  // namespace

void read_json(std::string_view binary, JsonStyle style, std::string& out) {
  out.clear();
  if (binary.empty()) {
    out = "null";
    return;
  }
  const Kind kind{static_cast<std::uint8_t>(binary[0])};
  Reader(style, binary.size(), out).value(kind, binary.substr(1), 0);
}

}  // namespace wherry::wire::mysql
