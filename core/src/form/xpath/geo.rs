//! Lengths and areas on the sphere, after the ODK XForms functions `distance` and `area`.

/// The equatorial radius that ODK's tools take the earth for, in metres.
const EARTH_M: f64 = 6_378_100.0;

/// Latitude and longitude, in degrees.
pub(super) type Point = (f64, f64);

/// The points of `lat lon [altitude [accuracy]]; …`; `None` if they are none.
pub(super) fn points(text: &str) -> Option<Vec<Point>> {
    let text = text.trim_matches(super::SPACES);
    let parts = text.strip_suffix(';').unwrap_or(text).split(';');
    parts
        .map(|part| {
            let mut numbers = part.split_ascii_whitespace().map(|number| number.parse::<f64>().ok());
            let (lat, lon) = (numbers.next()??, numbers.next()??);
            let on_earth = (-90.0..=90.0).contains(&lat) && (-180.0..=180.0).contains(&lon);
            on_earth.then_some((lat, lon))
        })
        .collect()
}

/// The area inside a line of points, closed if it is open, in m², to two places.
pub(super) fn area(points: &[Point]) -> f64 {
    let (Some(first), Some(last)) = (points.first(), points.last()) else { return 0.0 };
    if points.len() < 3 {
        return 0.0;
    }
    let part = |(from, to): (&Point, &Point)| {
        (to.1 - from.1).to_radians() * (2.0 + to.0.to_radians().sin() + from.0.to_radians().sin())
    };
    let open: f64 = points.iter().zip(points.iter().skip(1)).map(part).sum();
    let closing = if first == last { 0.0 } else { part((last, first)) };
    to_two_places(((open + closing) * EARTH_M * EARTH_M / 2.0).abs())
}

/// The length of a line, in metres, to two places.
pub(super) fn distance(points: &[Point]) -> f64 {
    let between = |(from, to): (&Point, &Point)| {
        let (here, there) = (from.0.to_radians(), to.0.to_radians());
        let angle = here.sin() * there.sin() + here.cos() * there.cos() * (from.1 - to.1).to_radians().cos();
        angle.min(1.0).acos() * EARTH_M
    };
    to_two_places(points.iter().zip(points.iter().skip(1)).map(between).sum())
}

/// Whether a point lies inside a shape.
pub(super) fn is_inside(point: Point, shape: &[Point]) -> bool {
    let crosses = |(from, to): (&Point, &Point)| {
        (to.0 > point.0) != (from.0 > point.0) && point.1 < (from.1 - to.1) * (point.0 - to.0) / (from.0 - to.0) + to.1
    };
    shape.iter().zip(shape.iter().skip(1)).filter(|edge| crosses(*edge)).count() % 2 == 1
}

fn to_two_places(value: f64) -> f64 {
    (value * 100.0).round() / 100.0
}
