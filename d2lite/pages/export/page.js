// Switches the whole page to one framework. The choice is in the address (#tab=jax, also beside the
// name of a section: #training&tab=jax), else it is the one remembered from another visit.
(() => {
  'use strict';
  const root = document.documentElement;
  const tabs = (root.dataset.tabs || '').split(' ');
  const KEY = 'd2lite.tab';
  let chosen, inAddress = false;

  function remembered() {
    try { return localStorage.getItem(KEY); } catch { return null; }  // a browser may forbid it
  }

  function remember(tab) {
    try { localStorage.setItem(KEY, tab); } catch { /* then the address alone knows */ }
  }

  function address() {
    const parts = location.hash.slice(1).split('&');
    const tab = parts.find(part => part.startsWith('tab='));
    return {section: parts.find(part => part && !part.includes('=')), tab: tab && tab.slice(4)};
  }

  function show(tab) {
    chosen = tab;
    for (const part of document.querySelectorAll('.of-tab')) {
      part.classList.toggle('shown', part.dataset.tab.split(' ').includes(tab));
    }
    for (const list of document.querySelectorAll('[role=tablist]')) {
      const buttons = [...list.children];
      const current = buttons.find(button => button.dataset.tab === tab);
      for (const button of buttons) {
        button.setAttribute('aria-selected', button === current);
        button.tabIndex = button === (current || buttons[0]) ? 0 : -1;
      }
      list.classList.toggle('elsewhere', !current);
    }
    letKeysScroll();
    const radio = document.querySelector(`.choice input[value="${CSS.escape(tab)}"]`);
    if (radio) radio.checked = true;
  }

  // Not every browser gives the focus to what scrolls sideways.
  function letKeysScroll() {
    for (const part of document.querySelectorAll('pre, .scrolls, .formula')) {
      if (part.scrollWidth > part.clientWidth) part.tabIndex = 0;
      else part.removeAttribute('tabindex');
    }
  }

  // Parts above may grow or shrink: what was used stays where it is on the screen.
  function choose(tab, used) {
    const before = used.getBoundingClientRect().top;
    show(tab);
    remember(tab);
    const section = address().section;
    history.replaceState(null, '', `#${section ? section + '&' : ''}tab=${tab}`);
    inAddress = true;
    const stays = used.getClientRects().length;
    if (stays) scrollBy({top: used.getBoundingClientRect().top - before, behavior: 'instant'});
  }

  // What stands at the top of the screen, below the bar.
  function reading() {
    const bar = document.querySelector('.bar');
    const element = document.elementFromPoint(innerWidth / 2, bar.getBoundingClientRect().bottom + 24);
    return (element && element.closest('.cell, .prose > *, .run')) || bar;
  }

  function follow() {
    const {section, tab} = address();
    if (tabs.includes(tab)) {
      if (tab !== chosen) show(tab);
    } else if (section && inAddress) {  // a link within the page was followed
      history.replaceState(null, '', `#${section}&tab=${chosen}`);
    }
    const target = section && document.getElementById(decodeURIComponent(section));
    if (target) target.scrollIntoView();
  }

  function start() {
    const wanted = [address().tab, remembered(), tabs[0]];
    inAddress = tabs.includes(wanted[0]);
    addCopyButtons();
    show(wanted.find(tab => tabs.includes(tab)));
    const contents = document.querySelector('.contents');
    if (contents) contents.open = matchMedia('(min-width: 80rem)').matches;
    follow();
  }

  // Without a secure address there is no clipboard: the code is selected, for the keyboard to copy.
  async function copy(button) {
    const code = button.parentElement.querySelector('code');
    if (navigator.clipboard) {
      await navigator.clipboard.writeText(code.textContent);
      button.textContent = 'Copied';
      setTimeout(() => { button.textContent = 'Copy'; }, 2000);
    } else {
      getSelection().selectAllChildren(code);
    }
  }

  function addCopyButtons() {
    for (const listing of document.querySelectorAll('.listing')) {
      const button = document.createElement('button');
      Object.assign(button, {type: 'button', className: 'copy', textContent: 'Copy', lang: 'en'});
      button.setAttribute('aria-label', 'Copy this code');
      listing.append(button);
    }
  }

  // Another page of the run opens on the tab that this one shows.
  function keepTab(link) {
    const other = link.origin === location.origin && link.pathname !== location.pathname;
    if (!chosen || !other || !link.pathname.endsWith('.html') || link.hash.includes('tab=')) return;
    link.hash = `${link.hash ? link.hash.slice(1) + '&' : ''}tab=${chosen}`;
  }

  document.addEventListener('click', event => {
    const button = event.target.closest('[role=tab]'), link = event.target.closest('a[href]');
    if (button) choose(button.dataset.tab, button);
    else if (event.target.matches('.copy')) copy(event.target);
    else if (link) keepTab(link);
  });

  document.addEventListener('change', event => {
    if (event.target.name === 'd2lite-tab') choose(event.target.value, reading());
  });

  document.addEventListener('keydown', event => {
    const button = event.target.closest('[role=tab]');
    if (!button || event.altKey || event.ctrlKey || event.metaKey) return;
    const buttons = [...button.parentElement.children];
    const at = buttons.indexOf(button), last = buttons.length - 1;
    const to = {ArrowLeft: at ? at - 1 : last, ArrowRight: at < last ? at + 1 : 0, Home: 0, End: last};
    if (!(event.key in to)) return;
    event.preventDefault();
    const next = buttons[to[event.key]];
    choose(next.dataset.tab, next);
    next.focus({preventScroll: true});
  });

  addEventListener('hashchange', follow);
  addEventListener('resize', letKeysScroll);
  root.classList.add('js');
  addEventListener('DOMContentLoaded', start);
})();
