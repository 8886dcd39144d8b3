#include "model/key.h"

#include "base/text.h"

namespace wherry::model {

namespace {

// The next framed part, removed from `bytes`; nothing if malformed.
std::optional<std::string_view> take_part(std::string_view& bytes) {
  if (bytes.size() < 4) return std::nullopt;
  std::size_t length = 0;
  for (std::size_t i = 0; i < 4; ++i) {
    length |= static_cast<std::size_t>(static_cast<unsigned char>(bytes[i])) << (8 * i);
  }
  if (bytes.size() - 4 < length) return std::nullopt;
  const std::string_view part = bytes.substr(4, length);
  bytes.remove_prefix(4 + length);
  return part;
}

}  // namespace

Key::Key(const std::vector<std::string>& parts) {
  for (const auto& part : parts) append(part);
}

void Key::append(std::string_view part) {
  for (unsigned shift = 0; shift < 32; shift += 8) {
    bytes_ += static_cast<char>((part.size() >> shift) & 0xffU);
  }
  bytes_ += part;
}

std::vector<std::string_view> Key::parts() const {
  std::vector<std::string_view> out;
  std::string_view rest = bytes_;
  while (!rest.empty()) out.push_back(take_part(rest).value());
  return out;
}

std::optional<Key> Key::from_bytes(std::string_view bytes) {
  std::string_view rest = bytes;
  while (!rest.empty()) {
    if (!take_part(rest)) return std::nullopt;
  }
  Key key;
  key.bytes_ = bytes;
  return key;
}

std::string Key::text() const {
  const auto all = parts();
  if (all.size() == 1) return base::printable(all[0]);
  std::string out = "(";
  for (std::size_t i = 0; i < all.size(); ++i) {
    if (i != 0) out += ", ";
    out += base::printable(all[i]);
  }
  return out + ")";
}

}  // namespace wherry::model
