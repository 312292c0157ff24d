// Benchmark of mlspp, suite 1: the rows of mls_rs.py. Prints JSON, medians in ms, sizes in bytes.
//
//   mlspp-bench [--cpu] [--fill-budget SECONDS] [N ...]
//
// N members are added to the creator in one commit (N + 1 members in all). blank: right after that.
// filled: members come two by two, the second of each pair joins and commits at once, so that every
// parent node is set and has no unmerged leaves; given up when the budget is spent.
// mlspp computes the committer's next state inside commit(), so `update` includes what mls_rs.py
// calls `confirm`. Handshake messages are PublicMessages; no path in add-only commits (as in mls-rs).
#include <mls/state.h>
#include <tls/tls_syntax.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <memory>
#include <string>
#include <vector>

using namespace mls;
using clk = std::chrono::steady_clock;

static const CipherSuite suite{ CipherSuite::ID::X25519_AES128GCM_SHA256_Ed25519 };
static const MessageOpts plain{};

static double since(clk::time_point t) { return std::chrono::duration<double, std::milli>(clk::now() - t).count(); }

static bool cpu_clock = false; // --cpu: CPU time instead of wall time (mlspp has one thread)

static double now()
{
  timespec t{};
  clock_gettime(cpu_clock ? CLOCK_PROCESS_CPUTIME_ID : CLOCK_MONOTONIC, &t);
  return double(t.tv_sec) * 1e3 + double(t.tv_nsec) / 1e6;
}

template<typename F> static double timed(F&& f) { const auto t = now(); f(); return now() - t; }

static double median(std::vector<double> xs)
{
  std::sort(xs.begin(), xs.end());
  const auto n = xs.size();
  return n % 2 ? xs[n / 2] : (xs[n / 2 - 1] + xs[n / 2]) / 2;
}

struct Row
{
  std::string text;
  void put(const std::string& key, double v)
  {
    char buf[128];
    std::snprintf(buf, sizeof buf, "%s   \"%s\": %.3f", text.empty() ? "" : ",\n", key.c_str(), v);
    text += buf;
  }
  void size(const std::string& key, size_t v)
  {
    char buf[128];
    std::snprintf(buf, sizeof buf, "%s   \"%s\": %zu", text.empty() ? "" : ",\n", key.c_str(), v);
    text += buf;
  }
};

struct Person
{
  HPKEPrivateKey init = HPKEPrivateKey::generate(suite);
  HPKEPrivateKey leaf = HPKEPrivateKey::generate(suite);
  SignaturePrivateKey sig = SignaturePrivateKey::generate(suite);
  KeyPackage kp;

  explicit Person(const std::string& name)
    : kp(suite, init.public_key,
         LeafNode{ suite, leaf.public_key, sig.public_key, Credential::basic(from_ascii(name)),
                   Capabilities::create_default(), Lifetime::create_default(), {}, sig },
         {}, sig)
  {
  }

  State create() const { return { from_ascii("group"), suite, leaf, sig, kp.leaf_node, {} }; }
  State join(const Welcome& w) const { return { init, leaf, sig, kp, w, std::nullopt, {} }; }
};

static CommitOpts opts(std::vector<Proposal> ps = {}) { return { std::move(ps), true, false, {} }; }
static bytes secret() { return random_bytes(suite.secret_size()); }

template<typename T> static size_t wire_size(T msg) { return tls::marshal(MLSMessage{ std::move(msg) }).size(); }
static size_t wire_size(const MLSMessage& msg) { return tls::marshal(msg).size(); }

// Moves `alice` and `bob` (two members in the same epoch) through updates, adds and removals.
static void ops(Row& row, const std::string& key, State& alice, State& bob, size_t n,
                const std::vector<LeafIndex>& removable)
{
  std::vector<double> make, apply;
  auto step = [&](std::vector<Proposal> ps, bool first, const std::string& size_key) -> Welcome {
    std::unique_ptr<std::tuple<MLSMessage, Welcome, State>> out;
    make.push_back(timed([&] { out = std::make_unique<std::tuple<MLSMessage, Welcome, State>>(alice.commit(secret(), opts(std::move(ps)), plain)); }));
    auto& [commit, welcome, next] = *out;
    std::optional<State> got;
    apply.push_back(timed([&] { got = bob.handle(commit); }));
    if (!got || got->epoch_authenticator() != next.epoch_authenticator()) { std::fprintf(stderr, "disagreement\n"); std::exit(1); }
    if (first) {
      row.size(size_key + "_bytes_" + key, wire_size(commit));
      if (!welcome.secrets.empty()) row.size("add_one_welcome_bytes_" + key, wire_size(welcome));
    }
    alice = std::move(next);
    bob = std::move(*got);
    return welcome;
  };
  auto flush = [&](const std::string& a, const std::string& b) { row.put(a, median(make)); row.put(b, median(apply)); make.clear(); apply.clear(); };

  for (int i = 0; i < (n <= 100 ? 9 : 5); i++) step({}, i == 0, "commit");
  flush("update_" + key, "apply_" + key);
  std::vector<double> joins;
  for (int i = 0; i < 3; i++) {
    Person late("late" + key + std::to_string(i));
    const auto welcome = step({ alice.add_proposal(late.kp) }, i == 0, "add_one_commit");
    joins.push_back(timed([&] { late.join(welcome); }));
  }
  row.put("join_late_" + key, median(joins));
  flush("add_one_" + key, "apply_add_one_" + key);
  for (int i = 0; i < 3; i++) step({ alice.remove_proposal(removable[i]) }, i == 0, "remove_one_commit");
  flush("remove_one_" + key, "apply_remove_one_" + key);
}

static void messages(Row& row, State& alice, State& bob)
{
  const bytes payload(1000);
  std::vector<double> enc, dec;
  size_t size = 0;
  for (int i = 0; i < 60; i++) {
    std::unique_ptr<MLSMessage> m;
    enc.push_back(timed([&] { m = std::make_unique<MLSMessage>(alice.protect({}, payload, 0)); }));
    dec.push_back(timed([&] { bob.unprotect(*m); }));
    size = wire_size(*m);
  }
  row.put("encrypt_1kB", median(enc)); row.put("decrypt_1kB", median(dec));
  row.put("encrypt_1kB_first", enc[0]); row.put("decrypt_1kB_first", dec[0]);
  row.size("message_1kB_bytes", size);
}

static void blank(Row& row, size_t n)
{
  std::vector<Person> people;
  people.reserve(n);
  row.put("key_package", timed([&] { for (size_t i = 0; i < n; i++) people.emplace_back("m" + std::to_string(i)); }) / n);
  row.size("key_package_bytes", wire_size(people[0].kp));
  Person creator("creator");
  std::unique_ptr<State> alice;
  row.put("create_group", timed([&] { alice = std::make_unique<State>(creator.create()); }));

  std::vector<double> add;
  std::unique_ptr<std::tuple<MLSMessage, Welcome, State>> out;
  for (int i = 0; i < (n <= 300 ? 3 : 1); i++) {
    auto state = creator.create();
    std::vector<Proposal> ps;
    for (const auto& p : people) ps.push_back(state.add_proposal(p.kp));
    add.push_back(timed([&] { out = std::make_unique<std::tuple<MLSMessage, Welcome, State>>(state.commit(secret(), opts(std::move(ps)), plain)); }));
  }
  auto& [commit, welcome, next] = *out;
  *alice = std::move(next);
  row.put("add_n", median(add));
  row.size("add_n_commit_bytes", wire_size(commit));
  row.size("add_n_welcome_bytes", wire_size(welcome));
  row.size("ratchet_tree_bytes", tls::marshal(alice->tree()).size());

  std::vector<double> joins;
  std::unique_ptr<State> bob;
  for (size_t i : { n / 4, n / 3, n / 2 })
    joins.push_back(timed([&] { bob = std::make_unique<State>(people[i].join(welcome)); }));
  row.put("join", median(joins));

  messages(row, *alice, *bob);
  ops(row, "blank", *alice, *bob, n, { LeafIndex(uint32_t(n)), LeafIndex(uint32_t(n - 1)), LeafIndex(2) });
}

static void filled(Row& row, size_t n, double budget_seconds)
{
  const auto start = clk::now();
  Person creator("creator");
  State alice = creator.create();
  std::unique_ptr<State> bob;
  for (size_t members = 1; members < n + 1;) {
    if (since(start) > budget_seconds * 1000) { row.size("filled_given_up_at_members", members); return; }
    const size_t count = std::min<size_t>(members > 1 ? 2 : 1, n + 1 - members);
    std::vector<Person> batch;
    std::vector<Proposal> ps;
    for (size_t i = 0; i < count; i++) {
      batch.emplace_back("f" + std::to_string(members + i));
      ps.push_back(alice.add_proposal(batch.back().kp));
    }
    auto [c1, welcome, a1] = alice.commit(secret(), opts(std::move(ps)), plain);
    State joiner = batch.back().join(welcome);
    auto [c2, w2, j2] = joiner.commit(secret(), opts(), plain);
    alice = *a1.handle(c2);
    bob = std::make_unique<State>(std::move(j2));
    members += count;
  }
  {
    auto [c, w, next] = alice.commit(secret(), opts(), plain);
    *bob = *bob->handle(c);
    alice = std::move(next);
  }
  row.put("fill_seconds", since(start) / 1000);
  row.size("ratchet_tree_bytes_filled", tls::marshal(alice.tree()).size());
  const auto k = uint32_t(n);
  ops(row, "filled", alice, *bob, n, { LeafIndex(k / 2), LeafIndex(k / 3), LeafIndex(k / 4) });
}

int main(int argc, char** argv)
{
  double budget = 240;
  std::vector<size_t> sizes;
  for (int i = 1; i < argc; i++) {
    if (!std::strcmp(argv[i], "--fill-budget") && i + 1 < argc) budget = std::atof(argv[++i]);
    else if (!std::strcmp(argv[i], "--cpu")) cpu_clock = true;
    else sizes.push_back(std::strtoul(argv[i], nullptr, 10));
  }
  if (sizes.empty()) sizes = { 10, 100, 300, 1000 };
  std::printf("{\n \"library\": \"mlspp (library given by HAUSPOST_MLSPP)\",\n \"suite\": 1,\n \"unit\": \"ms\",\n \"clock\": \"%s\",\n \"rows\": {", cpu_clock ? "cpu" : "wall");
  for (size_t i = 0; i < sizes.size(); i++) {
    Row row;
    row.size("members", sizes[i] + 1);
    blank(row, sizes[i]);
    if (budget > 0) filled(row, sizes[i], budget);
    std::printf("%s\n  \"%zu\": {\n%s\n  }", i ? "," : "", sizes[i], row.text.c_str());
    std::fflush(stdout);
    std::fprintf(stderr, "%zu done\n", sizes[i]);
  }
  std::printf("\n }\n}\n");
}
