#include "config/yaml.h"

#include <algorithm>
#include <sstream>
#include <utility>

#include <fmt/format.h>
#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/exceptions.h>
#include <yaml-cpp/parser.h>

#include "base/text.h"

namespace wherry::config {

namespace {

Place place_of(const YAML::Mark& mark) { return {mark.line + 1, mark.column + 1}; }

// Builds the tree bottom-up: finished nodes are handed to the innermost open container.
class TreeBuilder : public YAML::EventHandler {
 public:
  TreeBuilder(std::string_view text, Problems& problems) : text_(text), problems_(problems) {}

  void OnDocumentStart(const YAML::Mark&) override {}
  void OnDocumentEnd() override {}

  void OnNull(const YAML::Mark& mark, YAML::anchor_t) override {
    Node node;
    node.place = place_of(mark);
    finish(std::move(node));
  }

  void OnAlias(const YAML::Mark& mark, YAML::anchor_t) override {
    problems_.add(place_of(mark), "config.yaml_alias", "YAML aliases are not allowed",
                  "write the value out");
    Node node;
    node.kind = Node::Kind::refused;
    node.place = place_of(mark);
    finish(std::move(node));
  }

  void OnAnchor(const YAML::Mark& mark, const std::string& name) override {
    problems_.add(place_of(mark), "config.yaml_anchor",
                  fmt::format("YAML anchors are not allowed: '&{}'", base::printable(name)),
                  "remove it and write the value out where it is needed");
  }

  void OnScalar(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t,
                const std::string& value) override {
    check_tag(mark, tag);
    Node node;
    node.kind = Node::Kind::scalar;
    node.place = place_of(mark);
    node.scalar = value;
    finish(std::move(node));
  }

  void OnSequenceStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t,
                       YAML::EmitterStyle::value) override {
    open(mark, tag, Node::Kind::sequence);
  }
  void OnSequenceEnd() override { close(); }

  void OnMapStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t,
                  YAML::EmitterStyle::value) override {
    open(mark, tag, Node::Kind::map);
  }
  void OnMapEnd() override { close(); }

  std::optional<Node> take() { return std::move(root_); }

 private:
  struct Open {
    Node node;
    std::optional<Entry> entry;  // a map's key whose value is still to come
    bool keep = true;            // false: that key is a repetition, its value is dropped
  };

  void open(const YAML::Mark& mark, const std::string& tag, Node::Kind kind) {
    check_tag(mark, tag);
    Open container;
    container.node.kind = kind;
    container.node.place = place_of(mark);
    open_.push_back(std::move(container));
  }

  void close() {
    Node node = std::move(open_.back().node);
    open_.pop_back();
    finish(std::move(node));
  }

  void finish(Node node) {
    if (open_.empty()) {
      root_ = std::move(node);
      return;
    }
    Open& parent = open_.back();
    if (parent.node.kind == Node::Kind::sequence) {
      parent.node.items.push_back(std::move(node));
    } else if (!parent.entry) {
      begin_entry(parent, node);
    } else {
      parent.entry->value = std::move(node);
      // An absent value is marked where the next token stands; people look at the key.
      if (parent.entry->value.kind == Node::Kind::null) {
        parent.entry->value.place = parent.entry->place;
      }
      if (parent.keep) parent.node.entries.push_back(std::move(*parent.entry));
      parent.entry.reset();
    }
  }

  void begin_entry(Open& parent, const Node& key) {
    parent.entry = Entry{key.scalar, key.place, {}};
    parent.keep = false;
    if (key.kind != Node::Kind::scalar) {
      if (key.kind != Node::Kind::refused) {
        problems_.add(key.place, "config.yaml_key",
                      fmt::format("a key must be a word, this is {}", key.kind_text()));
      }
      return;
    }
    if (key.scalar == "<<") {
      problems_.add(key.place, "config.yaml_merge", "YAML merge keys ('<<') are not allowed",
                    "write the keys out");
      return;
    }
    for (const Entry& other : parent.node.entries) {
      if (other.key != key.scalar) continue;
      problems_.add(key.place, "config.duplicate_key",
                    fmt::format("key '{}' is given twice, first on line {}",
                                base::printable(key.scalar), other.place.line),
                    "keep one of them");
      return;
    }
    parent.keep = true;
  }

  // yaml-cpp hands out "?" for what has no tag, and "!" for quoted text but also for a written `!`.
  void check_tag(const YAML::Mark& mark, const std::string& tag) {
    if (tag.empty() || tag == "?") return;
    const auto at = static_cast<std::size_t>(std::max(mark.pos, 0));
    const bool written = at < text_.size() && text_[at] == '!';
    if (tag == "!" && !written) return;
    problems_.add(place_of(mark), "config.yaml_tag",
                  fmt::format("YAML tags are not allowed: '{}'", base::printable(tag)),
                  "remove it; quote the value if it must be text");
  }

  std::string_view text_;
  Problems& problems_;
  std::vector<Open> open_;
  std::optional<Node> root_;
};

// yaml-cpp replaces bytes that are not UTF-8, and so would change names silently.
bool plain_lines(std::string_view text, Problems& problems) {
  int line_number = 0;
  while (!text.empty()) {
    ++line_number;
    const std::size_t end = std::min(text.find('\n'), text.size());
    std::string_view line = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    if (!line.empty() && line.back() == '\r') line.remove_suffix(1);
    const std::size_t text_at = line.find_first_not_of(" \t");
    const std::size_t tab_at = line.find('\t');
    if (text_at != std::string_view::npos && tab_at < text_at) {
      problems.add({line_number, static_cast<int>(tab_at) + 1}, "config.yaml_syntax",
                   "the line is indented by a tab", "use spaces");
      return false;
    }
    std::string expected;
    std::string seen;
    for (const char c : line) {
      seen += c == '\t' ? ' ' : c;
      expected += c == '\t' ? ' ' : c;
      if (c == '\\') expected += '\\';
    }
    if (base::printable(seen) == expected) continue;
    problems.add({line_number, 1}, "config.not_utf8",
                 "the line holds bytes that are not UTF-8, or control characters",
                 "write such a byte of a name as \\xHH");
    return false;
  }
  return true;
}

}  // namespace

std::string_view Node::kind_text() const {
  switch (kind) {
    case Kind::null:
      return "nothing";
    case Kind::scalar:
      return "a single value";
    case Kind::sequence:
      return "a list";
    case Kind::map:
      return "a map";
    case Kind::refused:
      return "an alias";
  }
  return "unknown";
}

std::optional<Node> read_yaml(std::string_view text, Problems& problems) {
  if (text.starts_with("\xef\xbb\xbf")) text.remove_prefix(3);
  if (!plain_lines(text, problems)) return std::nullopt;
  std::istringstream stream{std::string(text)};
  TreeBuilder builder(text, problems);
  try {
    YAML::Parser parser(stream);
    if (!parser.HandleNextDocument(builder)) {
      problems.add({}, "config.empty", "the file holds no configuration",
                   "`wherry init` writes a commented one");
      return std::nullopt;
    }
    std::optional<Node> root = builder.take();
    // The parser skips ahead to the next document, so that its events tell where it starts.
    class Second : public TreeBuilder {
     public:
      using TreeBuilder::TreeBuilder;
      void OnDocumentStart(const YAML::Mark& mark) override { place = place_of(mark); }
      Place place;
    };
    Problems ignored({});
    Second second(text, ignored);
    if (parser.HandleNextDocument(second)) {
      problems.add(second.place, "config.yaml_documents", "a second YAML document starts here",
                   "one file describes one migration; remove the '---'");
    }
    return root;
  } catch (const YAML::Exception& e) {
    problems.add(place_of(e.mark), "config.yaml_syntax", "not YAML: " + e.msg,
                 "check indentation, colons and quotes on this line and the one before");
    return std::nullopt;
  }
}

}  // namespace wherry::config
