// What assistive technology goes by.
() => {
    const problems = [];
    const all = selector => [...document.querySelectorAll(selector)];
    if (document.documentElement.lang !== 'en') problems.push('the page has no language');
    for (const landmark of ['header', 'nav', 'main', 'footer', 'h1']) {
        if (all('body > ' + landmark + ', body > header ' + landmark).length !== 1) {
            problems.push('there is not one ' + landmark);
        }
    }
    let level = 0;
    for (const heading of all('h1, h2, h3, h4, h5, h6')) {
        const next = Number(heading.localName[1]);
        if (next > level + 1) problems.push(`h${next} after h${level}: ${heading.textContent}`);
        if (!heading.textContent.trim()) problems.push('an empty heading');
        level = next;
    }
    const ids = all('[id]').map(element => element.id);
    if (new Set(ids).size !== ids.length) problems.push('an id is there twice');
    for (const link of all('a[href]')) {
        const target = link.getAttribute('href').slice(1);
        if (!document.getElementById(target)) problems.push('a link leads nowhere: #' + target);
        if (!link.textContent.trim()) problems.push('a link has no name');
    }
    for (const header of all('th')) {
        if (!header.scope) problems.push('a table header has no scope: ' + header.textContent);
    }
    for (const element of all('[aria-labelledby]')) {
        if (!document.getElementById(element.getAttribute('aria-labelledby'))?.textContent.trim()) {
            problems.push('a section has no name');
        }
    }
    for (const row of all('.grid li:not(.fold) .h')) {
        const name = row.getAttribute('aria-label') ?? '';
        if (row.getAttribute('role') !== 'img' || !/^\d{4}[-\d]*: (all )?(valid|finding|cannot tell)/.test(name)) {
            problems.push('a row of the calendar is not told in words: ' + name);
        }
    }
    for (const row of all('.grid li.fold')) {
        const words = row.querySelector('span:not([aria-hidden])')?.textContent ?? '';
        if (!/^\d{4}[-\d]* to \d{4}[-\d]*: (no digest|finding|cannot tell)$/.test(words)) {
            problems.push('rows of the calendar are folded without words: ' + words);
        }
    }
    return problems.slice(0, 5);
}
