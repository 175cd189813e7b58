//! Submissions against their forms: what holds, what does not, what is not known.

use serde_json::{Value, json};

use super::{FormError, FormRules};

/// A form with these binds, over an instance with two questions, a repeat and a list.
fn rules(binds: &str) -> FormRules {
    rules_with(binds, "")
}

fn rules_with(binds: &str, body: &str) -> FormRules {
    let form = format!(
        r#"<h:html xmlns="http://www.w3.org/2002/xforms" xmlns:h="http://www.w3.org/1999/xhtml"
             xmlns:jr="http://openrosa.org/javarosa"><h:head><h:title>t</h:title><model>
           <instance><data id="t" version="1"><a/><b>given</b><herd><x/><y/></herd><end/><meta><instanceID/></meta></data></instance>
           <instance id="places"><root><item><name>north</name><of>1</of></item><item><name>south</name><of>2</of></item></root></instance>
           <instance id="beside" src="jr://file-csv/beside.csv"/>
           <bind nodeset="/data/end" type="dateTime" jr:preload="timestamp" jr:preloadParams="end"/>{binds}</model></h:head>
         <h:body><repeat nodeset="/data/herd"/>{body}</h:body></h:html>"#
    );
    FormRules::parse(&form).unwrap()
}

fn check(rules: &FormRules, inside: &str) -> Value {
    let submission =
        format!("<data id=\"t\" version=\"1\">{inside}<meta><instanceID>uuid:1</instanceID></meta></data>");
    json!(rules.check(&submission).unwrap())
}

fn violations(rules: &FormRules, inside: &str) -> Value {
    check(rules, inside)["violations"].clone()
}

#[test]
fn what_must_be_answered_must_be_answered_where_it_is_asked() {
    let rules = rules(r#"<bind nodeset="/data/a" required="true()" relevant="/data/b != 'no'"/>"#);
    assert_eq!(violations(&rules, "<a>1</a><b/>"), json!([]));
    assert_eq!(violations(&rules, "<a/><b/>"), json!([{ "ref": "/data/a", "rule": "required" }]));
    assert_eq!(violations(&rules, ""), json!([{ "ref": "/data/a", "rule": "required" }]), "left out is empty");
    assert_eq!(violations(&rules, "<b>no</b>"), json!([]));
    assert_eq!(violations(&rules, "<a>1</a><b>no</b>"), json!([{ "ref": "/data/a", "rule": "relevant" }]));
}

#[test]
fn each_place_of_a_repeat_is_judged_by_itself() {
    let rules = rules(
        r#"<bind nodeset="/data/herd/x" type="int" constraint=". &lt; 5"/>
           <bind nodeset="/data/herd/y" required="true()" relevant="/data/herd/x &gt; 2"/>"#,
    );
    let herds = "<herd><x>1</x><y/></herd><herd><x>3</x><y/></herd><herd><x>9</x><y>y</y></herd>";
    assert_eq!(
        violations(&rules, herds),
        json!([{ "ref": "/data/herd[2]/y", "rule": "required" }, { "ref": "/data/herd[3]/x", "rule": "constraint" }])
    );
    assert_eq!(violations(&rules, ""), json!([]), "there need not be any");
}

#[test]
fn a_calculated_value_is_computed_again_with_the_recorded_clock() {
    let rules = rules(
        r#"<bind nodeset="/data/a" type="string" calculate="sum(/data/herd/x) * 2"/>
           <bind nodeset="/data/b" type="string" calculate="today()"/>"#,
    );
    let inside = |a: &str, b: &str, end: &str| {
        format!("<a>{a}</a><b>{b}</b><herd><x>2</x></herd><herd><x>3</x></herd><end>{end}</end>")
    };
    let evening = "2026-05-01T23:30:00.000+08:00";
    assert_eq!(check(&rules, &inside("10", "2026-05-01", evening))["differs"], json!([]));
    assert_eq!(check(&rules, &inside("10.0", "2026-05-01", evening))["differs"], json!([]), "the same number");
    assert_eq!(
        check(&rules, &inside("12", "2026-05-02", evening))["differs"],
        json!([
            { "ref": "/data/a", "recorded": "12", "recomputed": "10" },
            { "ref": "/data/b", "recorded": "2026-05-02", "recomputed": "2026-05-01" },
        ])
    );
    let without = check(&rules, &inside("10", "2026-05-01", ""));
    assert_eq!(without["differs"], json!([]));
    assert_eq!(without["unchecked"][0]["ref"], "/data/b");
}

#[test]
fn choices_are_those_of_the_list_after_its_filter() {
    let one = r#"<select1 ref="/data/a"><itemset nodeset="instance('places')/root/item[of = /data/b]"><value ref="name"/></itemset></select1>"#;
    let rules = rules_with(r#"<bind nodeset="/data/a" type="string"/>"#, one);
    assert_eq!(violations(&rules, "<a>north</a><b>1</b>"), json!([]));
    assert_eq!(violations(&rules, "<a>north</a><b>2</b>"), json!([{ "ref": "/data/a", "rule": "choice" }]));
    let several = r#"<select ref="/data/a"><item><value>x</value></item><item><value>y</value></item></select>"#;
    let rules = rules_with("", several);
    assert_eq!(violations(&rules, "<a>y x</a>"), json!([]));
    assert_eq!(violations(&rules, "<a>y z</a>"), json!([{ "ref": "/data/a", "rule": "choice" }]));
    let elsewhere = r#"<select1 ref="/data/a"><itemset nodeset="instance('beside')/root/item"><value ref="name"/></itemset></select1>"#;
    let found = check(&rules_with("", elsewhere), "<a>anything</a>");
    assert_eq!(found["violations"], json!([]));
    assert_eq!(
        found["unchecked"],
        json!([{ "ref": "/data/a", "rule": "choice", "why": "the list beside lies outside the form" }])
    );
}

#[test]
fn what_cannot_be_evaluated_is_unchecked_and_never_passed() {
    let rules = rules(
        r#"<bind nodeset="/data/a" constraint="pulldata('x', 'y', 'z', 'w') = 1" relevant="true()"/>
           <bind nodeset="/data/b" relevant="conjure()" required="true()" constraint=". = 1"/>
           <bind nodeset="/data/herd/x" constraint="1 +"/>
           <bind nodeset="/data/herd/y" calculate="now()"/>"#,
    );
    let found = check(&rules, "<a>1</a><b>2</b><herd><x>1</x><y>1</y></herd>");
    assert_eq!(found["violations"], json!([]));
    let unchecked: Vec<String> = found["unchecked"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| format!("{} {}", one["ref"].as_str().unwrap(), one["rule"].as_str().unwrap()))
        .collect();
    assert_eq!(
        unchecked,
        [
            "/data/a constraint",
            "/data/b relevant",
            "/data/b required",
            "/data/b constraint",
            "/data/herd[1]/x constraint",
            "/data/herd[1]/y calculate",
        ]
    );
}

#[test]
fn types_strangers_and_other_forms_are_told() {
    let rules = rules(r#"<bind nodeset="/data/a" type="int"/><bind nodeset="/data/b" type="date"/>"#);
    let found = violations(&rules, "<a>1.5</a><b>2026-02-30</b><c/><a>2</a>");
    assert_eq!(
        found,
        json!([
            { "ref": "/data/a", "rule": "known" }, { "ref": "/data/c", "rule": "known" },
            { "ref": "/data/a", "rule": "type" }, { "ref": "/data/b", "rule": "type" },
        ])
    );
    let other = rules.check("<data id=\"other\" version=\"1\"/>").unwrap();
    assert_eq!(json!(other.violations), json!([{ "ref": "/data", "rule": "form" }]));
    assert!(matches!(rules.check("<data"), Err(FormError::NotXml(_))));
}

#[test]
fn expressions_that_go_on_forever_end() {
    let rules = rules(
        r#"<bind nodeset="/data/a" constraint="count(//*[count(//*[count(//*[count(//*) > 0]) > 0]) > 0]) > 0"/>"#,
    );
    let herds = "<herd><x>1</x><y>1</y></herd>".repeat(300);
    let found = check(&rules, &format!("<a>1</a>{herds}"));
    assert_eq!(found["unchecked"][0]["why"], "the expression looks at too much");
    let long = format!("<bind nodeset=\"/data/a\" constraint=\"1{}\"/>", "+1".repeat(200_000));
    assert_eq!(check(&self::rules(&long), "<a>1</a>")["unchecked"][0]["rule"], "constraint");
    let deep = format!("<bind nodeset=\"/data/a\" constraint=\"{}1{}\"/>", "(".repeat(5_000), ")".repeat(5_000));
    assert_eq!(check(&self::rules(&deep), "<a>1</a>")["unchecked"][0]["rule"], "constraint");
}
