//! The values of several runs.

/// The values of the same measurement in several runs.
#[derive(Debug, Clone, Default)]
pub(crate) struct Sample {
    sorted: Vec<f64>,
}

impl Sample {
    /// Returns the median.
    pub(crate) fn median(&self) -> f64 {
        let middle = self.sorted.len() / 2;
        match (self.sorted.get(middle), self.sorted.len().is_multiple_of(2)) {
            (Some(upper), true) => f64::midpoint(self.sorted[middle - 1], *upper),
            (Some(value), false) => *value,
            (None, _) => f64::NAN,
        }
    }

    /// Returns the spread as text, or nothing for a single value.
    pub(crate) fn spread(&self, show: impl Fn(f64) -> String) -> String {
        match self.sorted.as_slice() {
            [least, .., most] => format!("{} to {}", show(*least), show(*most)),
            _ => String::new(),
        }
    }

    /// Returns the sample with each value changed.
    pub(crate) fn map(&self, change: impl Fn(f64) -> f64) -> Self {
        self.sorted.iter().copied().map(change).collect()
    }
}

impl FromIterator<f64> for Sample {
    fn from_iter<T: IntoIterator<Item = f64>>(values: T) -> Self {
        let mut sorted: Vec<f64> = values.into_iter().collect();
        sorted.sort_by(f64::total_cmp);
        Self { sorted }
    }
}

impl From<f64> for Sample {
    fn from(value: f64) -> Self {
        Self {
            sorted: vec![value],
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_median_is_in_the_middle() {
        let close = |values: &[f64], expected: f64| {
            let median = values.iter().copied().collect::<Sample>().median();
            assert!((median - expected).abs() < 1e-9, "{median}");
        };
        close(&[3.0, 1.0, 2.0], 2.0);
        close(&[4.0, 1.0, 2.0, 3.0], 2.5);
        assert!(Sample::default().median().is_nan());
    }

    #[test]
    fn the_spread_goes_from_the_least_to_the_most() {
        let show = |value: f64| value.to_string();
        let sample: Sample = [3.0, 1.0, 2.0].into_iter().collect();
        assert_eq!(sample.spread(show), "1 to 3");
        assert_eq!(sample.map(|value| value * 2.0).spread(show), "2 to 6");
        assert_eq!(Sample::from(1.0).spread(show), "");
    }
}
