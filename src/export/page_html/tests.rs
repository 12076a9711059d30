use super::*;
use crate::export::page::Bars;

fn table(rows: &[(&str, &str, f64)]) -> Part {
    Part::Table(Table {
        title: "By line".to_owned(),
        headings: vec!["Line".to_owned(), "Lost rate".to_owned()],
        rows: rows
            .iter()
            .map(|(name, text, _)| vec![(*name).to_owned(), (*text).to_owned()])
            .collect(),
        bars: Some(Bars {
            column: 1,
            values: rows.iter().map(|(_, _, value)| *value).collect(),
        }),
    })
}

fn heat(values: [f64; 3]) -> Part {
    let cell = |value: f64| HeatCell {
        text: value.to_string(),
        value,
    };
    Part::Heat(Heat {
        title: "Calls".to_owned(),
        columns: (
            "Hour".to_owned(),
            ["08", "09", "10"].map(str::to_owned).to_vec(),
        ),
        rows: vec![("Mon".to_owned(), values.map(cell).to_vec())],
    })
}

fn html(parts: Vec<Part>, language: Language) -> String {
    let page = Page {
        heading: "Lost calls".to_owned(),
        parts,
    };
    pages_as_html(&[page], language)
}

/// What is not as XML wants it, by the tags alone: an element that is not closed, or closed in vain.
fn unbalanced(html: &str) -> Vec<String> {
    let mut open: Vec<&str> = Vec::new();
    let mut wrong = Vec::new();
    for tag in html.split('<').skip(1) {
        let (tag, _) = tag.split_once('>').unwrap_or((tag, ""));
        let name = tag.split([' ', '\n']).next().unwrap_or_default();
        if let Some(closed) = name.strip_prefix('/') {
            if open.pop() != Some(closed) {
                wrong.push(tag.to_owned());
            }
        } else if !tag.ends_with('/') && !["!DOCTYPE", "meta"].contains(&name) {
            open.push(name);
        }
    }
    wrong.extend(open.into_iter().map(str::to_owned));
    wrong
}

#[test]
fn s4_28_s4_29_a_page_stands_by_itself_with_a_table_beside_each_chart() {
    let html = html(
        vec![
            Part::Text(vec!["Two of four.".to_owned()]),
            table(&[("office", "50 %", 0.5), ("sales", "0 %", 0.0)]),
            heat([0.0, 8.0, 1.0]),
        ],
        Language::English,
    );
    assert_eq!(unbalanced(&html), Vec::<String>::new(), "{html}");
    for what in [
        "<script", "http:", "https:", "url(", "@import", "<link", "<img", "src=",
    ] {
        assert!(!html.contains(what), "{what}: {html}");
    }
    let count = |what: &str| html.matches(what).count();
    assert_eq!((count("<svg"), count("<table")), (2, 2));
    assert_eq!((count("<desc id="), count("<title id=")), (2, 2));
    assert!(html.contains("aria-labelledby=\"title1 desc1\""), "{html}");
    assert!(html.contains("Highest: office, 50 %"), "{html}");
    assert!(html.contains("Highest: Mon 09, 8"), "{html}");
    assert!(html.contains("prefers-color-scheme:dark"), "{html}");
    assert!(html.contains("height=\"150.0\""), "the highest bar: {html}");
    assert!(
        html.contains("fill-opacity=\"0.60\""),
        "the darkest cell: {html}"
    );
    assert!(html.contains("<html lang=\"en\" dir=\"ltr\">"), "{html}");
}

#[test]
fn s4_28_s4_29_texts_of_strangers_are_no_markup() {
    let hostile = "</title><script>alert('1')</script>\" onload=\"&\u{0}";
    let html = html(vec![table(&[(hostile, hostile, 1.0)])], Language::English);
    assert!(
        !html.contains("<script") && !html.contains("\" onload"),
        "{html}"
    );
    assert!(!html.contains('\u{0}'), "{html}");
    assert!(html.contains("&lt;script&gt;alert(&#39;1&#39;)"), "{html}");
    assert_eq!(unbalanced(&html), Vec::<String>::new());
}

#[test]
fn s4_28_s4_29_in_a_language_from_the_right_the_first_bar_and_column_stand_on_the_right() {
    let rows = [("first", "1", 1.0), ("second", "2", 2.0)];
    let arabic = html(vec![table(&rows), heat([1.0, 2.0, 3.0])], Language::Arabic);
    assert!(
        arabic.contains("<html lang=\"ar\" dir=\"rtl\">"),
        "{arabic}"
    );
    // Two bars in 800 units: the second begins at 0, the first at 400.
    assert!(
        arabic.contains("<text x=\"600.0\" y=\"185.0\">first<"),
        "{arabic}"
    );
    assert!(
        arabic.contains("<text x=\"200.0\" y=\"185.0\">second<"),
        "{arabic}"
    );
    assert!(
        arabic.contains("<text x=\"700.0\" y=\"39.6\">Mon<"),
        "{arabic}"
    );
}

#[test]
fn s4_28_s4_29_a_chart_without_figures_is_none_and_one_of_zeros_is_flat() {
    let none = html(vec![table(&[])], Language::English);
    assert!(!none.contains("<svg"), "{none}");
    let zeros = html(
        vec![table(&[("office", "0 %", 0.0)]), heat([0.0; 3])],
        Language::English,
    );
    assert!(
        !zeros.contains("NaN") && zeros.contains("height=\"0.0\""),
        "{zeros}"
    );
    assert!(pages_as_html(&[], Language::English).contains("<main>"));
}
